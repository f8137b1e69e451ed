import { detectorNetwork, evalGraph, networkLayout, positionsOf } from '@fovea/models';
import { initialize, seededRandom } from '@fovea/nn';
import { encodeModel, modelOf } from '@fovea/onnx';
import { optimizerOf } from '@fovea/optim';
import { describe, expect, it } from 'vitest';
import { createSlot } from '../loading/batches.js';
import type { TrainPlan } from '../plan.js';
import { detection } from '../recipes/detection/index.js';
import { stateNamesOf, stepGraph } from './step-graph.js';
import { openStepPool } from './step-pool.js';
import type { StepWorkerData } from './step-protocol.js';

const network = detectorNetwork({
  classes: 2,
  width: 64,
  height: 64,
  size: { stem: 8, stages: [8, 8, 8], blocks: [1, 1, 1], pyramid: 8 },
});
const plan = { classNames: ['a', 'b'], loss: { name: 'quality-focal' } } as unknown as TrainPlan;
const recipe = detection(plan, network);
const layout = networkLayout(network);
const optimizer = optimizerOf({ name: 'adamw' });
const parameters = initialize(layout.parameters, layout.size, seededRandom(1));
const batchSize = 4;

function slotOf() {
  const slot = createSlot(recipe, batchSize);
  const array = (name: string) => slot.find((each) => each.name === name)!.data as Float32Array;
  const pictures = array('pictures');
  for (let i = 0; i < pictures.length; i++) pictures[i] = (i * 31) % 256;
  for (let picture = 0; picture < batchSize; picture++)
    for (let channel = 0; channel < 3; channel++) array('colours')[picture * 12 + channel * 5] = 1;
  const positions = positionsOf(network).x.length;
  for (let picture = 0; picture < batchSize; picture++) {
    array('targetClasses')[picture * 2 * positions + 5 + picture] = 1;
    for (const [side, value] of [8, 8, 40, 40].entries())
      array('targetBoxes')[(picture * 4 + side) * positions + 5 + picture] = value;
  }
  return slot;
}

function workerData({ workers = 2, turns = 1 } = {}): StepWorkerData[] {
  const share = batchSize / workers / turns;
  const graph = stepGraph(recipe, layout, optimizer, { batch: share, workers });
  const zeros = () => new Float32Array(layout.size);
  const shared = new Float32Array(new SharedArrayBuffer(2 * workers * layout.size * 4));
  const slots = [slotOf()];
  return Array.from({ length: workers }, (_, index) => ({
    index,
    workers,
    share,
    threads: 1,
    device: 'cpu',
    stepModel: encodeModel(modelOf(graph.graph)),
    evalModel: encodeModel(modelOf(evalGraph(network, layout, 2))),
    evalBatch: 2,
    evalShape: [64, 64, 3],
    size: layout.size,
    bufferSize: layout.bufferSize,
    state: Object.fromEntries(
      stateNamesOf(optimizer).map((name) => [
        name,
        name === 'parameters' || name === 'average' ? parameters.slice() : zeros(),
      ]),
    ),
    gradients: shared,
    slots,
  }));
}

const buffers = initialize(layout.buffers, layout.bufferSize, seededRandom(0));
const step = {
  type: 'step',
  slot: 0,
  generation: 0,
  hyper: optimizer.idleHyper(),
  scale: 0.5,
  buffers,
  turn: 0,
  turns: 1,
} as const;

describe('the step pool', () => {
  it('keeps the workers equal: each applies the gradients of all', async () => {
    const pool = await openStepPool(workerData());
    const all = (request: Parameters<typeof pool.ask>[1]) =>
      Promise.all(Array.from({ length: 2 }, (_, worker) => pool.ask(worker, request)));
    await all(step);
    const hyper = optimizer.hyper(1, 1e-3, 0.5);
    for (let generation = 1; generation < 4; generation++) await all({ ...step, generation: generation & 1, hyper });
    const states = await Promise.all([0, 1].map(async (w) => (await pool.ask(w, { type: 'state' })).state));
    expect(states[0]).toEqual(states[1]);
    expect(states[0]!.parameters).not.toEqual(states[0]!.average);
    expect(states[0]!.parameters!.every(Number.isFinite)).toBe(true);
    await pool.close();
  });

  it('gathers the gradients of several turns, whose parameters are the same', async () => {
    // Frozen statistics would be needed for equality with one turn; what is checked is that state moves once a step.
    const data = workerData({ workers: 1, turns: 2 });
    const pool = await openStepPool(data);
    const take = (turn: number, generation: number, hyper: Float32Array) =>
      pool.ask(0, { ...step, turn, turns: 2, generation, hyper });
    const first = [await take(0, 0, step.hyper), await take(1, 0, step.hyper)];
    expect(first[0]!.losses).not.toEqual(first[1]!.losses);
    const own = data[0]!.gradients.slice(0, layout.size);
    expect(own.some((value) => value !== 0)).toBe(true);
    const hyper = optimizer.hyper(1, 1e-2, 0.5);
    await take(0, 1, hyper);
    expect((await pool.ask(0, { type: 'state' })).state.parameters).toEqual(parameters);
    await take(1, 1, hyper);
    expect((await pool.ask(0, { type: 'state' })).state.parameters).not.toEqual(parameters);
    await pool.close();
  });

  it('finds the first tensor that went bad', async () => {
    const graph = stepGraph(recipe, layout, optimizer, { batch: 2, workers: 2 });
    const data = workerData();
    const spoilt = data.map((each) => ({
      ...each,
      state: { ...each.state, parameters: each.state.parameters!.map((value, i) => (i === 3 ? Number.NaN : value)) },
    }));
    const pool = await openStepPool(spoilt);
    const replies = await Promise.all([pool.ask(0, step), pool.ask(1, step)]);
    expect(Number.isFinite(replies[0]!.losses[0]!)).toBe(false);
    const names = graph.trace.map(({ name }) => name);
    const { bad } = await pool.ask(0, { type: 'diagnose', groups: [names.slice(0, 9), names.slice(9)] });
    expect(names).toContain(bad);
    // The optimizer works on the spoilt parameters before anything else does.
    expect(names.indexOf(bad!)).toBeLessThan(30);
    await pool.close();
  });

  it('closes in the middle of a step without taking the process along', async () => {
    const pool = await openStepPool(workerData());
    const running = Promise.allSettled([pool.ask(0, step), pool.ask(1, step)]);
    await pool.close();
    expect((await running).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    await expect(pool.ask(0, step)).rejects.toMatchObject({ code: 'step_worker_ended' });
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
