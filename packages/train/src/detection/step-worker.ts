import { parentPort, workerData } from 'node:worker_threads';
import type { Tensor } from '@fovea/onnx';
import { createSession, type Session } from '@fovea/runtime';
import { type StateName, type StepReply, type StepRequest, type StepWorkerData, stateNames } from './step-protocol.js';

const port = parentPort!;
const data = workerData as StepWorkerData;
const { index, workers, share, width, height, classes, positions } = data;
const size = data.state.parameters.length;
const f32 = (values: Float32Array, shape: readonly number[]): Tensor => ({ dtype: 'float32', shape, data: values });

// Two sets of vectors, used in turn: a step reads one and writes the other.
let current = Object.fromEntries(stateNames.map((name) => [name, data.state[name].slice()])) as Record<
  StateName,
  Float32Array
>;
let spare = Object.fromEntries(stateNames.map((name) => [name, new Float32Array(size)])) as Record<
  StateName,
  Float32Array
>;
const incoming = Array.from({ length: workers }, () => new Float32Array(size));
const outgoing = new Float32Array(size);
const part = <T extends Uint8Array | Float32Array>(array: T): T =>
  array.slice((index * array.length) / workers, ((index + 1) * array.length) / workers) as T;

async function step(session: Session, request: StepRequest & { type: 'step' }): Promise<StepReply> {
  const { slot, generation, hyper, scale } = request;
  const from = (generation ^ 1) * workers * size;
  for (const [worker, vector] of incoming.entries())
    vector.set(data.gradients.subarray(from + worker * size, from + (worker + 1) * size));
  const batch = data.slots[slot]!;
  const feeds: Record<string, Tensor> = {
    hyper: f32(hyper, [4]),
    scale: f32(Float32Array.of(scale), [1]),
    pictures: { dtype: 'uint8', shape: [share, height, width, 3], data: part(batch.pictures) },
    colours: f32(part(batch.colours), [share, 3, 4]),
    targetClasses: f32(part(batch.targetClasses), [share, classes, positions]),
    targetBoxes: f32(part(batch.targetBoxes), [share, 4, positions]),
  };
  const into: Record<string, Tensor> = { gradient: f32(outgoing, [size]) };
  for (const name of stateNames) {
    feeds[name] = f32(current[name], [size]);
    into[`next.${name}`] = f32(spare[name], [size]);
  }
  for (const [worker, vector] of incoming.entries()) feeds[`gradient${worker}`] = f32(vector, [size]);
  const outputs = await session.run(feeds, into);
  [current, spare] = [spare, current];
  data.gradients.set(outgoing, (generation * workers + index) * size);
  const losses = outputs.losses!.data as Float32Array;
  return {
    type: 'step',
    losses: [losses[0]!, losses[1]!],
    gradientNorm: (outputs.gradientNorm!.data as Float32Array)[0]!,
    statistics: outputs.statistics!.data as Float32Array,
  };
}

async function evaluate(session: Session, request: StepRequest & { type: 'evaluate' }): Promise<StepReply> {
  const { weights, buffers, pictures } = request;
  const outputs = await session.run({
    parameters: f32(weights ?? current.average, [size]),
    buffers: f32(buffers, [buffers.length]),
    pictures: { dtype: 'uint8', shape: [data.evalBatch, height, width, 3], data: pictures },
  });
  return { type: 'evaluate', boxes: outputs.boxes!.data as Float32Array, scores: outputs.scores!.data as Float32Array };
}

async function answer(sessions: { train: Session; evaluation: Session }, request: StepRequest): Promise<StepReply> {
  try {
    if (request.type === 'step') return await step(sessions.train, request);
    if (request.type === 'evaluate') return await evaluate(sessions.evaluation, request);
    return { type: 'state', state: current };
  } catch (cause) {
    return failure(cause);
  }
}

function failure(cause: unknown): StepReply {
  const error = cause instanceof Error ? cause : new Error(String(cause));
  return { type: 'failed', code: 'code' in error ? String(error.code) : 'step_failed', message: error.message };
}

try {
  const sessions = {
    train: await createSession(data.stepModel, { threads: 1 }),
    evaluation: await createSession(data.evalModel, { threads: 1 }),
  };
  // The trainer asks for one thing at a time, so requests never overlap here.
  port.on('message', async (request: StepRequest) => port.postMessage(await answer(sessions, request)));
  port.postMessage({ type: 'ready' } satisfies StepReply);
} catch (cause) {
  port.postMessage(failure(cause));
}
