import {
  checkSelfContained,
  type DType,
  encodeModel,
  GraphBuilder,
  loadModelBytes,
  modelOf,
  OnnxError,
  type Tensor,
  type TensorData,
} from '@fovea/onnx';
import ort from 'onnxruntime-node';
import { type DeviceName, needsOf, notAvailable, providerOf } from './device.js';

/** How a session computes. */
export interface SessionOptions {
  /** Where it computes: `cpu` by default. What a GPU's provider has no kernel for is computed on the CPU. */
  readonly device?: DeviceName;
  /** Threads within one operator; 1 by default, since parallel sessions scale better than one wide one. */
  readonly threads?: number;
  /** Graph optimization: `all` by default; `basic` leaves layouts alone. */
  readonly optimization?: 'disabled' | 'basic' | 'extended' | 'all';
  /** Writes onnxruntime's profile (JSON) to files beginning so, when the session is released. */
  readonly profilePrefix?: string;
}

/** Named tensors, into and out of a graph. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** An onnxruntime session in this thread. `run` blocks the thread: see `openWorkerSession` for servers. */
export interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Runs the graph once. The results are the caller's; with `into`, outputs are written to those tensors' memory. */
  run(feeds: Tensors, into?: Tensors): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

function toOrt({ dtype, data, shape }: Tensor): ort.Tensor {
  return new ort.Tensor(dtype as ort.Tensor.Type, data as ort.Tensor.DataType, [...shape]);
}

function fromOrt(tensor: ort.Tensor): Tensor {
  return { dtype: tensor.type as DType, shape: tensor.dims, data: tensor.data as TensorData };
}

/**
 * Loads a model from a file or its bytes. Tensors that a file keeps in others are read only from inside its folder;
 * bytes must be complete, since onnxruntime would follow whatever path they name.
 *
 * @throws OnnxError `model_not_loadable` with the reason; `device_not_available` with what the device takes and what
 *   there is; `external_data_outside`, `external_data_missing`, `external_data`, `model_too_large` for data in other
 *   files.
 */
export async function createSession(model: string | Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const { device = 'cpu', threads = 1, optimization = 'all', profilePrefix } = options;
  const provider = providerOf(device);
  const bytes = await completeBytes(model);
  const settings: ort.InferenceSession.SessionOptions = {
    executionProviders: provider === 'cpu' ? ['cpu'] : [provider, 'cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: optimization,
    logSeverityLevel: 3,
    // A pattern has every run's tensors in one block, beside the pieces the first run took: a step took twice the memory.
    enableMemPattern: false,
    extra: { session: { set_denormal_as_zero: '1', intra_op: { allow_spinning: '0' } } },
    ...(profilePrefix ? { enableProfiling: true, profileFilePrefix: profilePrefix } : {}),
  };
  let session: ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(bytes, settings);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    if (provider !== 'cpu' && !(await answers(provider)))
      throw notAvailable(device, `${needsOf(device)} (onnxruntime says: ${reason.trim()})`, cause);
    throw new OnnxError('model_not_loadable', `onnxruntime cannot load the model: ${reason}`, {}, { cause });
  }
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    async run(feeds, into) {
      const inputs = Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [name, toOrt(tensor)]));
      const outputs = into
        ? await session.run(
            inputs,
            Object.fromEntries(session.outputNames.map((name) => [name, into[name] ? toOrt(into[name]) : null])),
          )
        : await session.run(inputs);
      return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, fromOrt(tensor)]));
    },
    async release() {
      if (profilePrefix) session.endProfiling();
      await session.release();
    },
  };
}

/** The model's bytes with all its data, and nothing that names another file. */
async function completeBytes(model: string | Uint8Array): Promise<Uint8Array> {
  try {
    if (typeof model === 'string') return await loadModelBytes(model);
    checkSelfContained(model);
    return model;
  } catch (cause) {
    if (!(cause instanceof OnnxError) || !['invalid_model', 'model_not_found'].includes(cause.code)) throw cause;
    throw new OnnxError('model_not_loadable', `The model cannot be loaded: ${cause.message}`, cause.details, { cause });
  }
}

/** Whether a provider runs the smallest of models, so that another one's failure is the model's own. */
async function answers(provider: string): Promise<boolean> {
  const graph = new GraphBuilder('probe');
  graph.output(graph.node('Relu', [graph.input('x', 'float32', [1])]), 'y');
  try {
    const settings = { executionProviders: [provider, 'cpu'], logSeverityLevel: 4 as const };
    const session = await ort.InferenceSession.create(encodeModel(modelOf(graph.build())), settings);
    await session.release();
    return true;
  } catch {
    return false;
  }
}
