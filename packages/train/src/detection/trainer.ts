import { writeFile } from 'node:fs/promises';
import { defaultAugment } from '@fovea/image';
import type { DetectionMetrics } from '@fovea/metrics';
import {
  type DetectorConfig,
  detectorEvalGraph,
  detectorLayout,
  detectorPositions,
  exportDetector,
  smallDetector,
} from '@fovea/models';
import { initialize, seededRandom } from '@fovea/nn';
import { encodeModel, modelOf } from '@fovea/onnx';
import { adamWHyper, averageDecay, cosineSchedule } from '@fovea/optim';
import { readCheckpoint, writeCheckpoint } from '../checkpoint.js';
import { TrainError } from '../error.js';
import { createBatchMaker, createSlot } from './batches.js';
import { evalBatch, evaluateInTraining } from './evaluation.js';
import type { DetectionPlan, TrainerMessage } from './plan.js';
import { detectorStepGraph } from './step-graph.js';
import { openStepPool, type StepPool } from './step-pool.js';
import { type StateName, stateNames } from './step-protocol.js';

/** Parts into which evaluations divide a run. */
const evaluations = 12;
const checkpointSeconds = 20;
const progressMs = 500;

/** What a run has reached, besides its vectors: kept in the checkpoint. */
interface Standing {
  step: number;
  elapsedSeconds: number;
  evaluated: number;
  bestAP: number;
  /** Longest evaluation so far, for the time to keep back. */
  evaluationSeconds: number;
}

/**
 * Trains a detector: batches are made while the workers step, the moving average of the weights is measured now and
 * then, and the best measured weights become the model file.
 *
 * @param send receives what there is to say, in order.
 * @param signal stops after the current step, with a checkpoint.
 */
export async function trainDetector(
  plan: DetectionPlan,
  send: (message: TrainerMessage) => void,
  signal: AbortSignal,
): Promise<void> {
  const started = performance.now();
  const train = plan.pictures.filter(({ split }) => split === 'train');
  const val = plan.pictures.filter(({ split }) => split === 'val');
  const { batchSize, workers, width, height, classNames } = plan;
  send({ type: 'progress', progress: { phase: 'preparing', epoch: 0, epochs: plan.epochs ?? 0, step: 0, steps: 0 } });

  const config: DetectorConfig = { classes: classNames.length, width, height, size: smallDetector };
  const layout = detectorLayout(config);
  const stepsPerEpoch = train.length / batchSize;
  const plannedSteps = plan.epochs ? Math.ceil(plan.epochs * stepsPerEpoch) : null;

  const saved = await readCheckpoint(plan.checkpointPath);
  const zeros = () => new Float32Array(layout.size);
  const initial = initialize(layout.parameters, layout.size, seededRandom(plan.seed));
  const standing: Standing = (saved?.header as unknown as Standing) ?? {
    step: 0,
    elapsedSeconds: 0,
    evaluated: 0,
    bestAP: -1,
    evaluationSeconds: 2,
  };
  const vectors = saved?.vectors ?? {
    parameters: initial,
    momentum: zeros(),
    variance: zeros(),
    average: initial.slice(),
    buffers: initialize(layout.buffers, layout.bufferSize, seededRandom(0)),
  };
  if (vectors.parameters!.length !== layout.size)
    throw new TrainError(
      'broken_checkpoint',
      'The checkpoint is of another network; delete it to start the run afresh.',
    );
  const buffers = vectors.buffers!;
  let best = vectors.best ? { weights: vectors.best, buffers: vectors.bestBuffers! } : null;
  let bestMetrics: DetectionMetrics | null = null;
  if (saved) send({ type: 'log', text: `Resumed from the checkpoint of step ${standing.step}.` });

  const gradients = new Float32Array(new SharedArrayBuffer(2 * workers * layout.size * 4));
  const pendingGradients = (generation: number) =>
    gradients.subarray(generation * workers * layout.size, (generation + 1) * workers * layout.size);
  if (vectors.gradients) pendingGradients((standing.step & 1) ^ 1).set(vectors.gradients);
  const slots = [createSlot(plan), createSlot(plan), createSlot(plan)];
  const optimizer = { weightDecay: plan.weightDecay, clipNorm: 10 };
  const share = batchSize / workers;
  const stepModel = encodeModel(modelOf(detectorStepGraph(config, layout, { batch: share, workers, optimizer })));
  const evalModel = encodeModel(modelOf(detectorEvalGraph(config, layout, evalBatch)));
  const state = Object.fromEntries(stateNames.map((name) => [name, vectors[name]!])) as Record<StateName, Float32Array>;
  const pool: StepPool = await openStepPool(
    Array.from({ length: workers }, (_, index) => ({
      index,
      workers,
      share,
      stepModel,
      evalModel,
      evalBatch,
      width,
      height,
      classes: classNames.length,
      positions: detectorPositions(width, height).x.length,
      state,
      gradients,
      slots,
    })),
  );
  send({
    type: 'log',
    text:
      `${train.length} pictures to train on, ${val.length} to validate, ${classNames.length} classes; ` +
      `${layout.size} parameters at ${width}x${height}, batches of ${batchSize} in ${workers} threads.`,
  });

  const makeBatch = createBatchMaker(plan, train, defaultAugment);
  const rate = cosineSchedule(plan.learningRate);
  const elapsedBefore = standing.elapsedSeconds;
  const elapsed = () => elapsedBefore + (performance.now() - started) / 1000;
  const limit = () => (plan.timeLimitSeconds ?? Infinity) - 1.3 * standing.evaluationSeconds - 2;
  const done = () =>
    Math.max(plannedSteps ? standing.step / plannedSteps : 0, Math.min(1, elapsed() / Math.max(1, limit())));
  const epochAt = (step: number) => Math.floor(step / stepsPerEpoch);

  async function saveCheckpoint(): Promise<void> {
    standing.elapsedSeconds = elapsed();
    const { state } = await pool.ask(0, { type: 'state' });
    await writeCheckpoint(plan.checkpointPath, {
      header: { ...standing },
      vectors: {
        ...state,
        buffers,
        gradients: pendingGradients((standing.step & 1) ^ 1),
        ...(best ? { best: best.weights, bestBuffers: best.buffers } : {}),
      },
    });
    send({ type: 'checkpoint', step: standing.step });
  }

  async function evaluate(): Promise<void> {
    const begun = performance.now();
    const epoch = epochAt(standing.step);
    const { metrics, samples } = await evaluateInTraining(plan, val, pool, null, buffers);
    const AP = metrics.AP ?? 0;
    const values = (['AP', 'AP50', 'AP75'] as const).map((name) => ({
      name: `val/${name}`,
      step: standing.step,
      epoch,
      value: metrics[name] ?? 0,
    }));
    send({ type: 'metrics', values });
    send({ type: 'samples', epoch, pictures: samples });
    send({
      type: 'log',
      text: `Epoch ${epoch}: AP ${AP.toFixed(4)}, AP50 ${(metrics.AP50 ?? 0).toFixed(4)} on ${val.length} validation pictures.`,
    });
    lastAP50 = metrics.AP50 ?? 0;
    if (AP >= standing.bestAP) {
      const { state } = await pool.ask(0, { type: 'state' });
      best = { weights: state.average.slice(), buffers: buffers.slice() };
      standing.bestAP = AP;
      bestMetrics = metrics;
    }
    standing.evaluationSeconds = Math.max(standing.evaluationSeconds, (performance.now() - begun) / 1000);
  }

  let lastAP50: number | undefined;
  let savedAt = performance.now();
  let saidAt = 0;
  let pace = 0;
  const firstStep = standing.step;
  const planned = new Map<number, Promise<number>>();
  const prepare = (step: number) => {
    if (!planned.has(step)) planned.set(step, makeBatch(slots[step % slots.length]!, step));
  };
  prepare(standing.step);
  prepare(standing.step + 1);

  try {
    while (done() < 1) {
      const { step } = standing;
      if (signal.aborted) {
        await saveCheckpoint();
        send({ type: 'stopped', step });
        return;
      }
      const begun = performance.now();
      const assigned = await planned.get(step)!;
      planned.delete(step);
      prepare(step + 2);
      // The graph applies the gradients of the step before; the first step of all has none, and a rate of 0.
      const learningRate = rate(done());
      const hyper =
        step === 0 ? Float32Array.of(0, 1, 1, 0) : adamWHyper(step, learningRate, averageDecay(step), optimizer);
      const replies = await Promise.all(
        Array.from({ length: workers }, (_, worker) =>
          pool.ask(worker, {
            type: 'step',
            slot: step % slots.length,
            generation: step & 1,
            hyper,
            scale: workers / assigned,
          }),
        ),
      );
      const mean = (of: (reply: (typeof replies)[number]) => number) =>
        replies.reduce((sum, reply) => sum + of(reply), 0) / workers;
      const [classLoss, boxLoss] = [mean(({ losses }) => losses[0]), mean(({ losses }) => losses[1])];
      const loss = classLoss + 2 * boxLoss;
      if (!Number.isFinite(loss)) {
        throw new TrainError(
          'loss_not_finite',
          `The loss of step ${step} is ${loss}; train again with a learning rate below ${learningRate.toPrecision(3)}.`,
          { step },
        );
      }
      const keep = averageDecay(step, 0.97);
      for (let i = 0; i < buffers.length; i++)
        buffers[i] = keep * buffers[i]! + (1 - keep) * mean(({ statistics }) => statistics[i]!);
      standing.step = step + 1;

      const seconds = (performance.now() - begun) / 1000;
      pace = pace === 0 ? seconds : 0.95 * pace + 0.05 * seconds;
      const epoch = epochAt(standing.step);
      send({
        type: 'metrics',
        values: [
          { name: 'loss', value: loss },
          { name: 'loss/class', value: classLoss },
          { name: 'loss/box', value: boxLoss },
          { name: 'learning_rate', value: learningRate },
          { name: 'images_per_second', value: batchSize / seconds },
        ].map((metric) => ({ ...metric, step: standing.step, epoch })),
      });
      const part = done();
      if (performance.now() - saidAt > progressMs || part >= 1) {
        saidAt = performance.now();
        const steps = plannedSteps ?? Math.max(standing.step, Math.round(standing.step / Math.max(part, 1e-6)));
        const byPace = plannedSteps ? (plannedSteps - standing.step) * pace : Infinity;
        const byLimit = plan.timeLimitSeconds ? plan.timeLimitSeconds - elapsed() : Infinity;
        const secondsLeft = Math.max(0, Math.min(byPace, byLimit));
        send({
          type: 'progress',
          progress: {
            phase: 'training',
            epoch,
            epochs: plan.epochs ?? Math.max(1, Math.round(steps / stepsPerEpoch)),
            step: standing.step,
            steps,
            loss,
            imagesPerSecond: batchSize / pace,
            secondsLeft,
            ...(lastAP50 === undefined ? {} : { metric: { name: 'AP50' as const, value: lastAP50 } }),
          },
        });
      }
      // Early looks are worth little, so evaluations come closer together towards the end.
      const due = Math.floor(evaluations * part ** 1.3);
      if (val.length > 0 && part < 1 && due > standing.evaluated && standing.step - firstStep > 1) {
        standing.evaluated = due;
        await evaluate();
        await saveCheckpoint();
        savedAt = performance.now();
      } else if (performance.now() - savedAt > checkpointSeconds * 1000) {
        await saveCheckpoint();
        savedAt = performance.now();
      }
    }

    const epoch = epochAt(standing.step);
    send({
      type: 'progress',
      progress: {
        phase: 'evaluating',
        epoch,
        epochs: plan.epochs ?? epoch,
        step: standing.step,
        steps: standing.step,
        secondsLeft: standing.evaluationSeconds,
        ...(lastAP50 === undefined ? {} : { metric: { name: 'AP50' as const, value: lastAP50 } }),
      },
    });
    if (val.length > 0) await evaluate();
    if (!best) {
      const { state } = await pool.ask(0, { type: 'state' });
      best = { weights: state.average, buffers };
    }
    await saveCheckpoint();
    if (!bestMetrics && val.length > 0)
      bestMetrics = (await evaluateInTraining(plan, val, pool, best.weights, best.buffers)).metrics;
    await writeFile(plan.modelPath, exportDetector(config, layout, best.weights, best.buffers, classNames));
    send({ type: 'finished', metrics: bestMetrics, parameters: layout.size, step: standing.step });
  } finally {
    await Promise.allSettled(planned.values());
    await pool.close();
  }
}
