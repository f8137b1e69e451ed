import { parentPort, workerData } from 'node:worker_threads';
import { decodeModel, encodeModel, type Tensor, type TensorData, type Value } from '@fovea/onnx';
import { createSession, type Session, type SessionOptions } from '@fovea/runtime';
import type { StepReply, StepRequest, StepWorkerData } from './step-protocol.js';

const port = parentPort!;
const data = workerData as StepWorkerData;
const { index, workers, share, size, bufferSize } = data;
const options: SessionOptions = { threads: data.threads, device: data.device };
const f32 = (values: Float32Array, shape: readonly number[]): Tensor => ({ dtype: 'float32', shape, data: values });
const stateNames = Object.keys(data.state);

// Two sets of vectors, used in turn: a step reads one and writes the other.
const copies = (of: (name: string) => Float32Array) => Object.fromEntries(stateNames.map((name) => [name, of(name)]));
let current = copies((name) => data.state[name]!.slice());
let spare = copies(() => new Float32Array(size));
const incoming = Array.from({ length: workers }, () => new Float32Array(size));
const outgoing = new Float32Array(size);
/** Gradients of the turns before, where several turns make one step. */
let gathered: Float32Array | undefined;
/** What the last step was fed: its memory stays as it was until the next. */
let lastFeeds: Record<string, Tensor> = {};

/** This worker's share of a turn: each turn takes an equal part of the batch, each worker an equal part of the turn. */
function part(array: TensorData, turn: number, turns: number): TensorData {
  const length = array.length / (turns * workers);
  const start = (turn * workers + index) * length;
  // A copy, since onnxruntime takes no shared memory.
  return array.slice(start, start + length);
}

async function step(session: Session, request: StepRequest & { type: 'step' }): Promise<StepReply> {
  const { slot, generation, hyper, scale, buffers, turn, turns } = request;
  const from = (generation ^ 1) * workers * size;
  if (turn === 0)
    for (const [worker, vector] of incoming.entries())
      vector.set(data.gradients.subarray(from + worker * size, from + (worker + 1) * size));
  const feeds: Record<string, Tensor> = {
    hyper: f32(hyper, [hyper.length]),
    scale: f32(Float32Array.of(scale), [1]),
    buffers: f32(buffers, [bufferSize]),
  };
  for (const { name, dtype, shape, data: shared } of data.slots[slot]!)
    feeds[name] = { dtype, shape: [share, ...shape], data: part(shared, turn, turns) };
  const into: Record<string, Tensor> = { gradient: f32(outgoing, [size]) };
  for (const name of stateNames) {
    feeds[name] = f32(current[name]!, [size]);
    into[`next.${name}`] = f32(spare[name]!, [size]);
  }
  for (const [worker, vector] of incoming.entries()) feeds[`gradient${worker}`] = f32(vector, [size]);
  lastFeeds = feeds;
  const outputs = await session.run(feeds, into);
  // Every turn of a step applies the same gradients to the same state, so all see the same parameters.
  const last = turn === turns - 1;
  if (last) [current, spare] = [spare, current];
  if (turns > 1) {
    gathered ??= new Float32Array(size);
    if (turn === 0) gathered.fill(0);
    for (let i = 0; i < size; i++) gathered[i]! += outgoing[i]! / turns;
  }
  if (last) data.gradients.set(turns > 1 ? gathered! : outgoing, (generation * workers + index) * size);
  return {
    type: 'step',
    losses: outputs.losses!.data as Float32Array,
    gradientNorm: (outputs.gradientNorm!.data as Float32Array)[0]!,
    statistics: (outputs.statistics?.data as Float32Array | undefined) ?? new Float32Array(0),
  };
}

async function evaluate(session: Session, request: StepRequest & { type: 'evaluate' }): Promise<StepReply> {
  const { weights, buffers, pictures } = request;
  const outputs = await session.run({
    parameters: f32(weights ?? current.average!, [size]),
    buffers: f32(buffers, [bufferSize]),
    pictures: { dtype: 'uint8', shape: [data.evalBatch, ...data.evalShape], data: pictures },
  });
  return { type: 'evaluate', outputs };
}

/** The first of the tensors with a number that is not finite, when the last step is computed once more. */
async function diagnose({ groups }: StepRequest & { type: 'diagnose' }): Promise<StepReply> {
  const model = decodeModel(data.stepModel);
  for (const group of groups) {
    const outputs = group.map((name): Pick<Value, 'name' | 'dtype'> => ({ name, dtype: 'float32' }));
    const session = await createSession(encodeModel({ ...model, graph: { ...model.graph, outputs } }), options);
    try {
      const values = await session.run(lastFeeds);
      const bad = group.find((name) => !(values[name]!.data as Float32Array).every(Number.isFinite));
      if (bad !== undefined) return { type: 'diagnose', bad };
    } finally {
      await session.release();
    }
  }
  return { type: 'diagnose', bad: null };
}

async function answer(sessions: { train: Session; evaluation: Session }, request: StepRequest): Promise<StepReply> {
  try {
    if (request.type === 'step') return await step(sessions.train, request);
    if (request.type === 'evaluate') return await evaluate(sessions.evaluation, request);
    if (request.type === 'diagnose') return await diagnose(request);
    return { type: 'state', state: current };
  } catch (cause) {
    return failure(cause);
  }
}

/** onnxruntime's and the engine's words for memory that is not to be had. */
const memoryWords = /bad.?alloc|failed to allocate|out of memory|Array buffer allocation failed/i;

function failure(cause: unknown): StepReply {
  const error = cause instanceof Error ? cause : new Error(String(cause));
  if (memoryWords.test(error.message)) return { type: 'failed', code: 'out_of_memory', message: error.message };
  return { type: 'failed', code: 'code' in error ? String(error.code) : 'step_failed', message: error.message };
}

try {
  const sessions = {
    train: await createSession(data.stepModel, options),
    evaluation: await createSession(data.evalModel, options),
  };
  // The trainer asks for one thing at a time, so requests never overlap here.
  port.on('message', async (request: StepRequest) => port.postMessage(await answer(sessions, request)));
  port.postMessage({ type: 'ready' } satisfies StepReply);
} catch (cause) {
  port.postMessage(failure(cause));
}
