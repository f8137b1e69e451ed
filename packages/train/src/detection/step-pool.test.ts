import { detectorEvalGraph, detectorLayout, detectorPositions } from '@fovea/models';
import { initialize, seededRandom } from '@fovea/nn';
import { encodeModel, modelOf } from '@fovea/onnx';
import { describe, expect, it } from 'vitest';
import { createSlot } from './batches.js';
import type { DetectionPlan } from './plan.js';
import { detectorStepGraph } from './step-graph.js';
import { openStepPool } from './step-pool.js';
import type { StepWorkerData } from './step-protocol.js';

const config = {
  classes: 2,
  width: 64,
  height: 64,
  size: { stem: 8, stages: [8, 8, 8], blocks: [1, 1, 1], pyramid: 8 },
} as const;
const layout = detectorLayout(config);
const workers = 2;
const share = 2;

function workerData(): StepWorkerData[] {
  const plan = { ...config, classNames: ['a', 'b'], batchSize: workers * share } as unknown as DetectionPlan;
  const slot = createSlot(plan);
  for (let i = 0; i < slot.pictures.length; i++) slot.pictures[i] = (i * 31) % 256;
  for (let picture = 0; picture < workers * share; picture++)
    for (let channel = 0; channel < 3; channel++) slot.colours[picture * 12 + channel * 4 + channel] = 1;
  const positions = detectorPositions(64, 64).x.length;
  slot.targetClasses[5] = 1;
  for (const [side, value] of [8, 8, 40, 40].entries()) slot.targetBoxes[side * positions + 5] = value;
  const parameters = initialize(layout.parameters, layout.size, seededRandom(1));
  const zeros = () => new Float32Array(layout.size);
  return Array.from({ length: workers }, (_, index) => ({
    index,
    workers,
    share,
    stepModel: encodeModel(modelOf(detectorStepGraph(config, layout, { batch: share, workers, optimizer: {} }))),
    evalModel: encodeModel(modelOf(detectorEvalGraph(config, layout, 2))),
    evalBatch: 2,
    width: 64,
    height: 64,
    classes: 2,
    positions,
    state: { parameters, momentum: zeros(), variance: zeros(), average: parameters.slice() },
    gradients: shared,
    slots: [slot],
  }));
}
const shared = new Float32Array(new SharedArrayBuffer(2 * workers * layout.size * 4));
const step = { type: 'step', slot: 0, generation: 0, hyper: Float32Array.of(0, 1, 1, 0), scale: 1 } as const;

describe('the step pool', () => {
  it('keeps the workers equal: each applies the gradients of all', async () => {
    const pool = await openStepPool(workerData());
    const all = (request: Parameters<typeof pool.ask>[1]) =>
      Promise.all(Array.from({ length: workers }, (_, worker) => pool.ask(worker, request)));
    await all(step);
    const hyper = Float32Array.of(1e-3, 10, 1000, 0.5);
    for (let generation = 1; generation < 4; generation++) await all({ ...step, generation: generation & 1, hyper });
    const states = await Promise.all([0, 1].map(async (w) => (await pool.ask(w, { type: 'state' })).state));
    expect(states[0]).toEqual(states[1]);
    expect(states[0]!.parameters).not.toEqual(states[0]!.average);
    expect(states[0]!.parameters.every(Number.isFinite)).toBe(true);
    await pool.close();
  });

  it('closes in the middle of a step without taking the process along', async () => {
    const pool = await openStepPool(workerData());
    const running = Promise.allSettled([pool.ask(0, step), pool.ask(1, step)]);
    await pool.close();
    expect((await running).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  });

  it('says when a graph cannot be loaded', async () => {
    const [first, second] = workerData();
    const opened = openStepPool([first!, { ...second!, evalModel: new Uint8Array([1, 2, 3]) }]);
    await expect(opened).rejects.toMatchObject({ code: 'model_not_loadable' });
  });

  it('hands on what goes wrong in a worker', async () => {
    const pool = await openStepPool(workerData());
    const wrong = { ...step, hyper: Float32Array.of(1, 2) };
    await expect(pool.ask(0, wrong)).rejects.toThrow(/\S/);
    expect((await pool.ask(0, step)).losses.every(Number.isFinite)).toBe(true);
    await pool.close();
  });
});
