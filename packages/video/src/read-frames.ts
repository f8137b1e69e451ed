import { resolve } from 'node:path';
import { FoveaError } from '@fovea/image';
import { assertOpenable, DECODERS, type DecoderName, isMissing, noDecoder, readingError } from './decoders.js';
import type { ReadPlan, VideoFrame } from './frame.js';
import { SCENE_THRESHOLD } from './scene-detector.js';

/** What {@link readFrames} reads, and by what. `everyNth`, `everySeconds` and `select` exclude each other. */
export interface ReadFramesOptions {
  /** Every frame by default; 10 gives frames 0, 10, 20, …. */
  readonly everyNth?: number;
  /**
   * The first frame at or after each multiple of so many seconds from the start of the file, by the times at which frames
   * are shown, however they are spaced; where none comes before the next multiple, that one's frame stands for both.
   */
  readonly everySeconds?: number;
  /** The first frame of each scene, see `SceneDetector`. */
  readonly select?: 'scenes';
  /** With `select`: by what frames differ from one scene to the next, 0 to 1; default 0.15. */
  readonly threshold?: number;
  /** Frames shown from here on; default 0. */
  readonly fromSeconds?: number;
  /** Frames shown before this; default all. */
  readonly toSeconds?: number;
  /** Stops the reading; the iteration then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Use this one and no other; default: the package `node-av` where it is installed, else `ffmpeg` on the PATH. */
  readonly decoder?: DecoderName;
}

/**
 * Reads a video file frame by frame. Decoding runs ahead by a few frames, outside this thread; only frames that are given
 * are converted to RGB; stopping the iteration frees everything. Only the file itself is read: a playlist that points at
 * other files or at the network is not followed. A file that is cut off or damaged gives the frames that can be decoded.
 *
 * @throws FoveaError `unreadable_video` with the reason, be it that the decoder does not get on; `no_video_decoder` when
 *   nothing that decodes is installed; `bad_option` for an option that makes no sense
 */
export async function* readFrames(path: string, options: ReadFramesOptions = {}): AsyncGenerator<VideoFrame> {
  const plan = planOf(options);
  await assertOpenable(path);
  const missing: string[] = [];
  for (const decoder of options.decoder ? [DECODERS[options.decoder]] : Object.values(DECODERS)) {
    options.signal?.throwIfAborted();
    let count = 0;
    try {
      for await (const frame of decoder.read(resolve(path), plan, options.signal)) {
        count++;
        yield frame;
      }
    } catch (cause) {
      if (isMissing(cause, missing)) continue;
      throw readingError(path, cause);
    }
    // A decoder that ends without a word and without a frame has failed, unless a part was asked for.
    if (count === 0 && plan.fromMicros === 0 && plan.toMicros === Number.POSITIVE_INFINITY) {
      throw readingError(path, 'not a single frame of it can be decoded');
    }
    return;
  }
  throw noDecoder(missing);
}

function planOf(options: ReadFramesOptions): ReadPlan {
  const { everyNth, everySeconds, select, threshold = SCENE_THRESHOLD, fromSeconds = 0, toSeconds } = options;
  const bad = (sentence: string) => new FoveaError('bad_option', sentence, { ...options, signal: undefined });
  if ([everyNth, everySeconds, select].filter((option) => option !== undefined).length > 1) {
    throw bad('everyNth, everySeconds and select exclude each other: give one of them.');
  }
  if (everyNth !== undefined && (!Number.isInteger(everyNth) || everyNth < 1)) {
    throw bad(`everyNth is ${everyNth}; it must be a whole number from 1.`);
  }
  if (everySeconds !== undefined && !(everySeconds >= 0.001 && everySeconds <= MAX_SECONDS)) {
    throw bad(`everySeconds is ${everySeconds}; it must be a number from 0.001.`);
  }
  if (!(threshold > 0 && threshold < 1)) throw bad(`threshold is ${threshold}; it must be between 0 and 1.`);
  if (!(fromSeconds >= 0 && fromSeconds <= MAX_SECONDS)) throw bad(`fromSeconds is ${fromSeconds}; it must be from 0.`);
  if (toSeconds !== undefined && !(toSeconds > fromSeconds)) {
    throw bad(`toSeconds is ${toSeconds}; it must be more than fromSeconds, ${fromSeconds}.`);
  }
  return {
    everyNth: everyNth ?? 1,
    everyMicros: everySeconds === undefined ? null : everySeconds * 1e6,
    sceneThreshold: select === undefined ? null : threshold,
    fromMicros: Math.round(fromSeconds * 1e6),
    toMicros: toSeconds === undefined ? Number.POSITIVE_INFINITY : Math.round(toSeconds * 1e6),
  };
}

/** Longer than any video: what a time stamp in microseconds can hold with room. */
export const MAX_SECONDS = 1e8;
