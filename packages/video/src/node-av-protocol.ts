import type { ReadPlan, ShownFrame, VideoFacts, VideoFrame } from './frame.js';

/** The file, what is wanted of it, and memory shared with the thread that asks. */
export interface WorkerData {
  readonly path: string;
  readonly work: { readonly kind: 'probe' | 'find' } | { readonly kind: 'read'; readonly plan: ReadPlan };
  /** At `BEATS` a number that changes while the work gets on; at `STOPPED` whether it is to end. */
  readonly shared: Int32Array;
}

export const BEATS = 0;
export const STOPPED = 1;

/** The next frame, the frame shown at a time, or the facts. Each is answered once, in order. */
export type WorkerRequest = 'next' | { readonly atMicros: number } | 'close';

export type WorkerAnswer =
  | { readonly kind: 'frame'; readonly frame: VideoFrame | ShownFrame }
  | { readonly kind: 'facts'; readonly facts: VideoFacts }
  | { readonly kind: 'end' }
  | { readonly kind: 'early'; readonly firstMicros: number }
  | { readonly kind: 'missing'; readonly reason: string }
  | { readonly kind: 'failure'; readonly reason: string };
