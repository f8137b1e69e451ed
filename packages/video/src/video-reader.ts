import { resolve } from 'node:path';
import { FoveaError } from '@fovea/image';
import { assertOpenable, type DecoderName, readingError, withDecoder } from './decoders.js';
import { type FrameFinder, NoFrameYet, type ShownFrame, type VideoFacts } from './frame.js';
import { MAX_SECONDS } from './read-frames.js';

/** Options of {@link probeVideo} and {@link openVideo}. */
export interface VideoOptions {
  readonly signal?: AbortSignal;
  /** As of `readFrames`. */
  readonly decoder?: DecoderName;
}

/**
 * What a video file is, by its headers; nothing is decoded. Where the headers do not say how many frames there are, the
 * packets are counted, which reads the file once. What headers say may be wrong: of a file that was cut off they often
 * tell what was there before.
 *
 * @throws FoveaError `unreadable_video`, `no_video_decoder`; the signal's reason
 */
export async function probeVideo(path: string, options: VideoOptions = {}): Promise<VideoFacts> {
  await assertOpenable(path);
  try {
    return await withDecoder(options.decoder, (decoder) => decoder.probe(resolve(path), options.signal));
  } catch (cause) {
    throw readingError(path, cause);
  }
}

/** An open video, of which single frames are asked for. */
export interface VideoReader {
  /**
   * The frame that is shown at a time: the one whose time is the greatest not above it; past the end the last. Its pixels
   * are those that reading from the start gives. It is found by seeking to the key frame before; a time soon after the one
   * asked before is reached by going on. Calls at once take turns.
   *
   * @throws FoveaError `no_frame` before the first frame, `bad_option`, `unreadable_video`, `no_video_decoder`
   */
  frameAt(timeSeconds: number): Promise<ShownFrame>;
  close(): Promise<void>;
}

/** Opens a video to ask single frames of it; whoever opens it closes it. Nothing is read before the first frame. */
export function openVideo(path: string, options: Omit<VideoOptions, 'signal'> = {}): VideoReader {
  let finder: FrameFinder | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let isClosed = false;

  const find = async (micros: number): Promise<ShownFrame> => {
    if (isClosed) throw new FoveaError('video_closed', `The video "${path}" has been closed.`, { file: path });
    if (finder !== undefined) return finder.at(micros);
    await assertOpenable(path);
    return withDecoder(options.decoder, async (decoder) => {
      const opened = decoder.open(resolve(path));
      try {
        const frame = await opened.at(micros);
        finder = opened;
        return frame;
      } finally {
        if (finder !== opened) await opened.close();
      }
    });
  };

  return {
    frameAt(timeSeconds) {
      if (!(timeSeconds >= 0 && timeSeconds <= MAX_SECONDS)) {
        const sentence = `The time in a video is ${timeSeconds}; it must be a number of seconds from 0.`;
        return Promise.reject(new FoveaError('bad_option', sentence, { timeSeconds }));
      }
      const result = turn.then(() => find(Math.round(timeSeconds * 1e6)));
      turn = result.catch(() => undefined);
      return result.catch((cause: unknown) => {
        if (!(cause instanceof NoFrameYet)) throw readingError(path, cause);
        const firstSeconds = cause.firstMicros / 1e6;
        throw new FoveaError(
          'no_frame',
          `"${path}" has no frame at ${timeSeconds} s: its first is shown at ${firstSeconds} s.`,
          { file: path, timeSeconds, firstSeconds },
          { cause },
        );
      });
    },
    async close() {
      isClosed = true;
      await turn;
      await finder?.close();
    },
  };
}

/** One frame of a video, see {@link VideoReader.frameAt}; for several of one video, {@link openVideo} is cheaper. */
export async function readFrameAt(path: string, timeSeconds: number, options: VideoOptions = {}): Promise<ShownFrame> {
  options.signal?.throwIfAborted();
  const reader = openVideo(path, options);
  try {
    return await reader.frameAt(timeSeconds);
  } finally {
    await reader.close();
  }
}
