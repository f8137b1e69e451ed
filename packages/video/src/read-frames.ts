import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { FoveaError } from '@fovea/image';
import { decodeWithFfmpeg } from './ffmpeg-decoder.js';
import { DecodeFailure, DecoderMissing, type FrameDecoder, type VideoFrame } from './frame.js';
import { decodeWithNodeAv } from './node-av-decoder.js';

const DECODERS = { 'node-av': decodeWithNodeAv, ffmpeg: decodeWithFfmpeg } satisfies Record<string, FrameDecoder>;

/** What {@link readFrames} reads, and by what. */
export interface ReadFramesOptions {
  /** Every frame by default; 10 gives frames 0, 10, 20, …. */
  readonly everyNth?: number;
  /** Stops the reading; the iteration then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Use this one and no other; default: the package `node-av` where it is installed, else `ffmpeg` on the PATH. */
  readonly decoder?: keyof typeof DECODERS;
}

/**
 * Reads a video file frame by frame. Decoding runs ahead by a few frames, outside this thread; stopping the iteration
 * frees everything. Only the file itself is read: a playlist that points at other files or at the network is not followed.
 *
 * @throws FoveaError `unreadable_video` with the reason, `no_video_decoder` when nothing that decodes is installed,
 *   `bad_option` for an `everyNth` that is no whole number from 1
 */
export async function* readFrames(path: string, options: ReadFramesOptions = {}): AsyncGenerator<VideoFrame> {
  const everyNth = options.everyNth ?? 1;
  if (!Number.isInteger(everyNth) || everyNth < 1) {
    throw new FoveaError('bad_option', `everyNth is ${everyNth}; it must be a whole number from 1.`, { everyNth });
  }
  const fail = (why: string, cause?: unknown) =>
    new FoveaError('unreadable_video', `Cannot read "${path}": ${why}.`, { file: path, reason: why }, { cause });
  const facts = await stat(path).catch((cause) => {
    throw fail(cause.code === 'ENOENT' ? 'there is no such file' : `the file cannot be opened (${cause.code})`, cause);
  });
  if (!facts.isFile()) throw fail(facts.isDirectory() ? 'it is a folder' : 'it is not a regular file');
  if (facts.size === 0) throw fail('it is empty (0 bytes)');

  const chosen = options.decoder ? [DECODERS[options.decoder]] : Object.values(DECODERS);
  const missing: string[] = [];
  for (const decode of chosen) {
    options.signal?.throwIfAborted();
    let count = 0;
    try {
      for await (const frame of decode(resolve(path), everyNth, options.signal)) {
        count++;
        yield frame;
      }
    } catch (cause) {
      if (cause instanceof DecoderMissing) {
        missing.push(cause.message);
        continue;
      }
      if (cause instanceof DecodeFailure) throw fail(cause.message, cause);
      throw cause;
    }
    // A decoder that ends without a word and without a frame has failed.
    if (count === 0) throw fail('not a single frame of it can be decoded');
    return;
  }
  throw new FoveaError(
    'no_video_decoder',
    `Reading video needs the npm package node-av (optional, it comes with a plain npm install) or an ffmpeg program on ` +
      `the PATH, and neither works here: ${missing.join('; ')}.`,
    { tried: missing },
  );
}
