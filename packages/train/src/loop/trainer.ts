import { writeFile } from 'node:fs/promises';
import { gradientsFirst } from '@fovea/autodiff';
import { evalGraph, exportNetwork, networkLayout, specOf } from '@fovea/models';
import { initialize, seededRandom } from '@fovea/nn';
import { encodeModel, modelOf } from '@fovea/onnx';
import { averageDecay, optimizerOf, scheduleOf } from '@fovea/optim';
import { readCheckpoint, writeCheckpoint } from '../checkpoint.js';
import { TrainError } from '../error.js';
import { createBatchMaker, createSlot } from '../loading/batches.js';
import type { Locate } from '../loading/picture-source.js';
import type { TrainerMessage, TrainPlan } from '../plan.js';
import { recipeOf } from '../recipes/index.js';
import type { Evaluation } from '../recipes/recipe.js';
import { stateNamesOf, stepGraph } from '../step/step-graph.js';
import { openStepPool, type StepPool } from '../step/step-pool.js';
import { blame } from './blame.js';
import { openData } from './data.js';
import { evalBatch, evaluateInTraining } from './evaluation.js';
import { freshStanding, type Standing } from './standing.js';

/** Parts into which evaluations divide a run. */
const evaluations = 12;
const checkpointSeconds = 20;
const progressMs = 500;

/**
 * Trains a model: batches are made while the workers step, the moving average of the weights is measured now and then,
 * and the best measured weights become the model file.
 *
 * @param send receives what there is to say, in order.
 * @param signal stops after the current step, with a checkpoint.
 * @param locate finds bytes that are not where the plan says.
 */
export async function runTrainer(
  plan: TrainPlan,
  send: (message: TrainerMessage) => void,
  signal: AbortSignal,
  locate?: Locate,
): Promise<void> {
  const started = performance.now();
  const { batchSize, workers, accumulate, classNames, monitor } = plan;
  send({ type: 'progress', progress: { phase: 'preparing', epoch: 0, epochs: plan.epochs ?? 0, step: 0, steps: 0 } });

  const recipe = await recipeOf(plan);
  const { network } = recipe;
  const layout = networkLayout(network);
  const optimizer = optimizerOf(plan.optimizer);
  const stepsPerEpoch = plan.train.count / batchSize;
  const plannedSteps = plan.epochs ? Math.ceil(plan.epochs * stepsPerEpoch) : null;
  const spec = specOf(network, classNames);

  const saved = await readCheckpoint(plan.checkpointPath);
  const initial = initialize(layout.parameters, layout.size, seededRandom(plan.seed));
  const standing: Standing = (saved?.header as unknown as Standing) ?? freshStanding();
  const fresh = () => ({
    parameters: initial,
    average: initial.slice(),
    ...Object.fromEntries(optimizer.slots.map((name) => [name, new Float32Array(layout.size)])),
    buffers: initialize(layout.buffers, layout.bufferSize, seededRandom(0)),
  });
  const vectors: Record<string, Float32Array> = saved?.vectors ?? fresh();
  const names = stateNamesOf(optimizer);
  if (vectors.buffers?.length !== layout.bufferSize || names.some((name) => vectors[name]?.length !== layout.size))
    throw new TrainError(
      'broken_checkpoint',
      'The checkpoint is of another network or optimizer; delete it to start the run afresh.',
    );
  const buffers = vectors.buffers;
  let best = vectors.best ? { weights: vectors.best, buffers: vectors.bestBuffers! } : null;
  let bestEvaluation: Evaluation | null = null;
  if (saved) send({ type: 'log', text: `Resumed from the checkpoint of step ${standing.step}.` });

  const gradients = new Float32Array(new SharedArrayBuffer(2 * workers * layout.size * 4));
  const pendingGradients = (generation: number) =>
    gradients.subarray(generation * workers * layout.size, (generation + 1) * workers * layout.size);
  if (vectors.gradients) pendingGradients((standing.step & 1) ^ 1).set(vectors.gradients);
  const slots = Array.from({ length: 3 }, () => createSlot(recipe, batchSize));
  const share = batchSize / workers / accumulate;
  const step = stepGraph(recipe, layout, optimizer, { batch: share, workers });
  const stepModel = encodeModel(modelOf(gradientsFirst(step.graph)));
  const evalModel = encodeModel(modelOf(evalGraph(network, layout, evalBatch)));
  const data = await openData(plan, recipe, spec.input.resize, (text) => send({ type: 'log', text }), locate);
  const pool: StepPool = await openStepPool(
    Array.from({ length: workers }, (_, index) => ({
      index,
      workers,
      share,
      threads: 1,
      device: plan.device,
      stepModel,
      evalModel,
      evalBatch,
      evalShape: [network.height, network.width, 3],
      size: layout.size,
      bufferSize: layout.bufferSize,
      state: Object.fromEntries(names.map((name) => [name, vectors[name]!])),
      gradients,
      slots,
    })),
  );
  send({
    type: 'log',
    text:
      `${plan.train.count} pictures to train on, ${plan.val.count} to validate, ${classNames.length} classes; ` +
      `${network.description}, ${layout.size} parameters at ${network.width}x${network.height}, ` +
      `batches of ${batchSize} in ${workers} threads, ${plan.optimizer.name}, loss ${plan.loss.name}.`,
  });

  const { val } = data;
  const batches = createBatchMaker(plan, recipe, data.from, data.trainSamples);
  const rate = scheduleOf(plan.schedule);
  const elapsedBefore = standing.elapsedSeconds;
  const elapsed = () => elapsedBefore + (performance.now() - started) / 1000;
  const limit = () => (plan.timeLimitSeconds ?? Infinity) - 1.3 * standing.evaluationSeconds - 2;
  const done = () =>
    Math.max(plannedSteps ? standing.step / plannedSteps : 0, Math.min(1, elapsed() / Math.max(1, limit())));
  const epochAt = (at: number) => Math.floor(at / stepsPerEpoch);
  const fits = () => plan.patience !== null && standing.sinceBest >= plan.patience;

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

  const measure = (weights: Float32Array | null, of: Float32Array) =>
    evaluateInTraining(recipe, val, data.valSamples, pool, workers, weights, of);

  async function evaluate(): Promise<void> {
    const begun = performance.now();
    const epoch = epochAt(standing.step);
    const evaluation = await measure(null, buffers);
    const { metrics, samples } = evaluation;
    const values = Object.entries(metrics).map(([name, value]) => ({
      name: `val/${name}`,
      step: standing.step,
      epoch,
      value: value ?? 0,
    }));
    send({ type: 'metrics', values });
    send({ type: 'samples', epoch, pictures: samples });
    const shown = recipe.shownMetrics.map((name) => `${name} ${(metrics[name] ?? 0).toFixed(4)}`).join(', ');
    send({ type: 'log', text: `Epoch ${epoch}: ${shown} on ${val.length} validation pictures.` });
    const main = recipe.shownMetrics[0]!;
    lastMetric = { name: main, value: metrics[main] ?? 0 };
    if (!(monitor in metrics))
      throw new TrainError(
        'unknown_metric',
        `There is no metric "${monitor}" to go by; ${plan.task} is measured by ${Object.keys(metrics).join(', ')}.`,
        { monitor },
      );
    const reached = metrics[monitor] ?? 0;
    const rises = standing.best === null || reached > standing.best;
    standing.sinceBest = rises ? 0 : standing.sinceBest + 1;
    // Of equals the latest: its average has seen more.
    if (rises || reached === standing.best) {
      const { state } = await pool.ask(0, { type: 'state' });
      best = { weights: state.average!.slice(), buffers: buffers.slice() };
      standing.best = reached;
      bestEvaluation = evaluation;
    }
    standing.evaluationSeconds = Math.max(standing.evaluationSeconds, (performance.now() - begun) / 1000);
  }

  let lastMetric: { name: string; value: number } | undefined;
  let savedAt = performance.now();
  let saidAt = 0;
  let pace = 0;
  let waitedMs = 0;
  let steppedMs = 0;
  const firstStep = standing.step;
  const planned = new Map<number, Promise<number>>();
  const prepare = (at: number) => {
    if (planned.has(at)) return;
    const made = batches.make(slots[at % slots.length]!, at);
    // Whoever waits for the batch is told; until then the failure is not one nobody hears of.
    made.catch(() => undefined);
    planned.set(at, made);
  };
  prepare(standing.step);
  prepare(standing.step + 1);

  /** One step of the optimizer: every worker, turn after turn. */
  async function takeStep(at: number, counted: number, learningRate: number) {
    const hyper = at === 0 ? optimizer.idleHyper() : optimizer.hyper(at, learningRate, averageDecay(at));
    const sums = {
      losses: new Float64Array(1 + step.parts.length),
      statistics: new Float64Array(buffers.length),
      finite: true,
    };
    for (let turn = 0; turn < accumulate; turn++) {
      const replies = await Promise.all(
        Array.from({ length: workers }, (_, worker) =>
          pool.ask(worker, {
            type: 'step',
            slot: at % slots.length,
            generation: at & 1,
            hyper,
            scale: (workers * accumulate) / counted,
            buffers,
            turn,
            turns: accumulate,
          }),
        ),
      );
      const shares = workers * accumulate;
      for (const { losses, statistics, gradientNorm } of replies) {
        sums.finite &&= Number.isFinite(gradientNorm) && losses.every(Number.isFinite);
        for (let i = 0; i < losses.length; i++) sums.losses[i]! += losses[i]! / shares;
        for (let i = 0; i < statistics.length; i++) sums.statistics[i]! += statistics[i]! / shares;
      }
      if (!sums.finite) break;
    }
    return sums;
  }

  try {
    while (done() < 1 && !fits()) {
      const at = standing.step;
      if (signal.aborted) {
        await saveCheckpoint();
        send({ type: 'stopped', step: at });
        return;
      }
      const begun = performance.now();
      const counted = await planned.get(at)!;
      const waited = performance.now() - begun;
      planned.delete(at);
      prepare(at + 2);
      // The graph applies the gradients of the step before; the first step of all has none, and a rate of 0.
      const learningRate = rate(done());
      const { losses, statistics, finite } = await takeStep(at, counted, learningRate);
      const loss = losses[0]!;
      if (!finite)
        throw await blame(
          pool,
          workers,
          step.trace,
          { step: at, loss, learningRate },
          await Promise.all(batches.picturesOf(at).map(data.train.load)),
        );
      const keep = averageDecay(at, 0.97);
      for (let i = 0; i < buffers.length; i++)
        if (step.measured[i]) buffers[i] = keep * buffers[i]! + (1 - keep) * statistics[i]!;
      standing.step = at + 1;

      const ms = performance.now() - begun;
      const seconds = ms / 1000;
      // The first batches of all have nothing to be made beside.
      if (at > firstStep + 1) {
        waitedMs += waited;
        steppedMs += ms;
      }
      pace = pace === 0 ? seconds : 0.95 * pace + 0.05 * seconds;
      const epoch = epochAt(standing.step);
      send({
        type: 'metrics',
        values: [
          { name: 'loss', value: loss },
          ...step.parts.map((part, i) => ({ name: `loss/${part}`, value: losses[i + 1]! })),
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
        const filling = data.filling();
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
            ...(lastMetric === undefined ? {} : { metric: lastMetric }),
            ...(filling ? { kept: filling } : {}),
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
    if (fits())
      send({
        type: 'log',
        text: `Stopped early: ${monitor} has not risen above ${standing.best!.toFixed(4)} in ${standing.sinceBest} evaluations.`,
      });
    data.filling();
    send({
      type: 'log',
      text: `${((100 * waitedMs) / Math.max(1, steppedMs)).toFixed(1)} % of the time was spent waiting for pictures.`,
    });
    send({
      type: 'progress',
      progress: {
        phase: 'evaluating',
        epoch,
        epochs: plan.epochs ?? epoch,
        step: standing.step,
        steps: standing.step,
        secondsLeft: standing.evaluationSeconds,
        ...(lastMetric === undefined ? {} : { metric: lastMetric }),
      },
    });
    if (val.length > 0 && !fits()) await evaluate();
    if (!best) {
      const { state } = await pool.ask(0, { type: 'state' });
      best = { weights: state.average!, buffers };
    }
    await saveCheckpoint();
    if (!bestEvaluation && val.length > 0) bestEvaluation = await measure(best.weights, best.buffers);
    await writeFile(plan.modelPath, exportNetwork(network, layout, best.weights, best.buffers, classNames));
    const evaluation = bestEvaluation as Evaluation | null;
    send({
      type: 'finished',
      metrics: evaluation?.metrics ?? null,
      evaluation: evaluation?.details ?? null,
      description: network.description,
      parameters: layout.size,
      step: standing.step,
    });
  } finally {
    await Promise.allSettled(planned.values());
    await pool.close();
    await data.close();
  }
}
