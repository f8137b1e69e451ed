import type { RawImage } from '@fovea/image';

/** One decoded picture of a video. */
export interface VideoFrame {
  /** Counted from 0 in the order of showing; with `everyNth`, frames left out count too. */
  readonly index: number;
  /** From the start of the file. */
  readonly timeSeconds: number;
  /** Upright, RGB. */
  readonly image: RawImage;
}

/** A way of decoding: yields frames in order, and frees what it holds when the consumer stops. */
export type FrameDecoder = (
  path: string,
  everyNth: number,
  signal: AbortSignal | undefined,
) => AsyncGenerator<VideoFrame>;

/** A decoder that is not to be had on this machine. */
export class DecoderMissing extends Error {}

/** The file's content cannot be decoded; the message completes "Cannot read …: ". */
export class DecodeFailure extends Error {}

/** The most pixels a frame may have, as for pictures. */
export const MAX_FRAME_PIXELS = 100_000_000;
