import { type DType, OnnxError, type Tensor, type TensorData } from '@fovea/onnx';
import ort from 'onnxruntime-node';

/** How a session computes. */
export interface SessionOptions {
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
 * Loads a model from a file or its bytes.
 *
 * @throws OnnxError `model_not_loadable` with onnxruntime's reason.
 */
export async function createSession(model: string | Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const { threads = 1, optimization = 'all', profilePrefix } = options;
  const settings: ort.InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: optimization,
    logSeverityLevel: 3,
    extra: { session: { set_denormal_as_zero: '1', intra_op: { allow_spinning: '0' } } },
    ...(profilePrefix ? { enableProfiling: true, profileFilePrefix: profilePrefix } : {}),
  };
  let session: ort.InferenceSession;
  try {
    session =
      typeof model === 'string'
        ? await ort.InferenceSession.create(model, settings)
        : await ort.InferenceSession.create(model, settings);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
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
