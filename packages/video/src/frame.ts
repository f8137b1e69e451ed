import type { RawImage } from '@fovea/image';

/** One decoded picture of a video. */
export interface VideoFrame extends ShownFrame {
  /** Counted from 0 in the order of showing, from the first frame at or after `fromSeconds`; frames left out count too. */
  readonly index: number;
}

/** A picture of a video and when it is shown. */
export interface ShownFrame {
  /** From the start of the file, to the microsecond. */
  readonly timeSeconds: number;
  /** Upright, RGB. */
  readonly image: RawImage;
}

/** What a video file is. */
export interface VideoFacts {
  /** `mp4`, `mov`, `matroska`, `webm`, `avi`, `mpegts`, …; otherwise the decoder's name for it. */
  readonly format: string;
  /** As FFmpeg names it: `h264`, `hevc`, `mpeg4`, `vp9`, `av1`, … */
  readonly codec: string;
  /** As shown: after `rotation`. */
  readonly width: number;
  readonly height: number;
  readonly durationSeconds: number;
  readonly frameCount: number;
  /** Whether the container's header says how many frames there are, or its packets were counted. */
  readonly frameCountFrom: 'header' | 'packets';
  /** Frames a second, null where it varies or nothing tells it. */
  readonly frameRate: number | null;
  readonly hasAudio: boolean;
  /** Clockwise degrees by which frames are turned to be upright. */
  readonly rotation: 0 | 90 | 180 | 270;
}

/** Which frames to give, times in microseconds. */
export interface ReadPlan {
  readonly everyNth: number;
  /** The first frame at or after each multiple of it. */
  readonly everyMicros: number | null;
  /** The first frame of each scene; the threshold of `SceneDetector`. */
  readonly sceneThreshold: number | null;
  readonly fromMicros: number;
  /** Up to here, without. */
  readonly toMicros: number;
}

/** Gives the frame that is shown at a time; cheap for times that go forward. One call at a time. */
export interface FrameFinder {
  /** @throws DecodeFailure where no frame is shown yet, or nothing can be decoded */
  at(micros: number): Promise<ShownFrame>;
  close(): Promise<void>;
}

/** A way of decoding. Each frees what it holds when the consumer stops. @throws DecodeFailure, DecoderMissing */
export interface Decoder {
  probe(path: string, signal: AbortSignal | undefined): Promise<VideoFacts>;
  read(path: string, plan: ReadPlan, signal: AbortSignal | undefined): AsyncGenerator<VideoFrame>;
  /** Opens a file to ask single frames of it. */
  open(path: string): FrameFinder;
}

/** A decoder that is not to be had on this machine. */
export class DecoderMissing extends Error {}

/** The file's content cannot be decoded; the message completes "Cannot read …: ". */
export class DecodeFailure extends Error {}

/** There is no frame at that time yet. */
export class NoFrameYet extends Error {
  constructor(readonly firstMicros: number) {
    super('no frame is shown yet');
  }
}

/** The most pixels a frame may have, as for pictures. */
export const MAX_FRAME_PIXELS = 100_000_000;

/** How long a decoder may be at work without getting on. */
export const STALL_MS = 60_000;

/** Of a time in a stream's units: both decoders round alike, so that a frame has one time whoever decodes it. */
export function toMicros(stamp: bigint, timeBase: { readonly num: number; readonly den: number }, start: number) {
  return Math.round((Number(stamp) * timeBase.num * 1e6) / timeBase.den) - start;
}

/**
 * Frames a second, where they are evenly spaced: the average and the base rate that the decoder guessed from the time
 * stamps then agree. The base rate may be twice as high: some streams count fields.
 */
export function steadyRate(average: number, base: number): number | null {
  const isSteady = average > 0 && [base, base / 2].some((rate) => Math.abs(average - rate) <= 0.01 * rate);
  return isSteady ? average : null;
}
