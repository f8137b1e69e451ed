import type { DType, Shape, TensorData } from '@fovea/onnx';
import type { DeviceName } from '@fovea/runtime';

/** One array of a batch in memory that all threads read: [batch, ...shape]. */
export interface SharedArray {
  readonly name: string;
  readonly dtype: DType;
  /** Of one picture. */
  readonly shape: Shape;
  readonly data: TensorData;
}

/** What a step worker is started with. */
export interface StepWorkerData {
  readonly index: number;
  readonly workers: number;
  /** Pictures in this worker's share of a turn. */
  readonly share: number;
  readonly threads: number;
  readonly device: DeviceName;
  readonly stepModel: Uint8Array;
  readonly evalModel: Uint8Array;
  readonly evalBatch: number;
  readonly evalShape: Shape;
  /** Length of the flat vector of parameters. */
  readonly size: number;
  /** Length of the flat vector of buffers; 0 where the network has none. */
  readonly bufferSize: number;
  /** `parameters`, `average` and what the optimizer keeps, each [size]. */
  readonly state: Readonly<Record<string, Float32Array>>;
  /** Gradients of all workers: two generations, [2][workers][size], used in turn. */
  readonly gradients: Float32Array<SharedArrayBuffer>;
  /** Batches prepared ahead, used in turn. */
  readonly slots: readonly (readonly SharedArray[])[];
}

/** What the trainer asks a worker. */
export type StepRequest =
  | {
      readonly type: 'step';
      readonly slot: number;
      readonly generation: number;
      readonly hyper: Float32Array;
      readonly scale: number;
      readonly buffers: Float32Array;
      /** Which of the turns that make up one step of the optimizer, and of how many. */
      readonly turn: number;
      readonly turns: number;
    }
  | {
      readonly type: 'evaluate';
      /** `null` for the worker's own moving average. */
      readonly weights: Float32Array | null;
      readonly buffers: Float32Array;
      readonly pictures: Uint8Array;
    }
  | { readonly type: 'diagnose'; readonly groups: readonly (readonly string[])[] }
  | { readonly type: 'state' };

/** What a worker answers. */
export type StepReply =
  | { readonly type: 'ready' }
  | {
      readonly type: 'step';
      /** The loss, then its parts. */
      readonly losses: Float32Array;
      readonly gradientNorm: number;
      readonly statistics: Float32Array;
    }
  | {
      readonly type: 'evaluate';
      readonly outputs: Readonly<Record<string, { readonly data: TensorData; readonly shape: Shape }>>;
    }
  | { readonly type: 'diagnose'; readonly bad: string | null }
  | { readonly type: 'state'; readonly state: Readonly<Record<string, Float32Array>> }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };
