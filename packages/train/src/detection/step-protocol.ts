import type { BatchSlot } from './batches.js';

/** What a step worker is started with. */
export interface StepWorkerData {
  readonly index: number;
  readonly workers: number;
  /** Pictures in this worker's share of a batch. */
  readonly share: number;
  readonly stepModel: Uint8Array;
  readonly evalModel: Uint8Array;
  readonly evalBatch: number;
  readonly width: number;
  readonly height: number;
  readonly classes: number;
  readonly positions: number;
  readonly state: Readonly<Record<StateName, Float32Array>>;
  /** Gradients of all workers: two generations, [2][workers][S], used in turn. */
  readonly gradients: Float32Array<SharedArrayBuffer>;
  readonly slots: readonly BatchSlot[];
}

/** The flat vectors of the optimizer, in the step graph's words. */
export const stateNames = ['parameters', 'momentum', 'variance', 'average'] as const;
export type StateName = (typeof stateNames)[number];

/** What the trainer asks a worker. */
export type StepRequest =
  | {
      readonly type: 'step';
      readonly slot: number;
      readonly generation: number;
      readonly hyper: Float32Array;
      readonly scale: number;
    }
  | {
      readonly type: 'evaluate';
      readonly weights: Float32Array | null;
      readonly buffers: Float32Array;
      readonly pictures: Uint8Array;
    }
  | { readonly type: 'state' };

/** What a worker answers. */
export type StepReply =
  | { readonly type: 'ready' }
  | {
      readonly type: 'step';
      readonly losses: readonly [number, number];
      readonly gradientNorm: number;
      readonly statistics: Float32Array;
    }
  | { readonly type: 'evaluate'; readonly boxes: Float32Array; readonly scores: Float32Array }
  | { readonly type: 'state'; readonly state: Readonly<Record<StateName, Float32Array>> }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };
