import { stat } from 'node:fs/promises';
import { FoveaError } from '@fovea/image';
import { ffmpegDecoder } from './ffmpeg-decoder.js';
import { DecodeFailure, type Decoder, DecoderMissing } from './frame.js';
import { nodeAvDecoder } from './node-av-decoder.js';

/** All ways of decoding, in the order they are tried. */
export const DECODERS = { 'node-av': nodeAvDecoder, ffmpeg: ffmpegDecoder } satisfies Record<string, Decoder>;

export type DecoderName = keyof typeof DECODERS;

/** @throws FoveaError `unreadable_video` for what is no file, or an empty one */
export async function assertOpenable(path: string): Promise<void> {
  const facts = await stat(path).catch((cause) => {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : `the file cannot be opened (${cause.code})`;
    throw readingError(path, why, cause);
  });
  if (!facts.isFile()) throw readingError(path, facts.isDirectory() ? 'it is a folder' : 'it is not a regular file');
  if (facts.size === 0) throw readingError(path, 'it is empty (0 bytes)');
}

/** The error of a file that cannot be read: from a reason, or from what a decoder threw; anything else stays as it is. */
export function readingError(path: string, why: unknown, cause: unknown = why): unknown {
  const reason = why instanceof DecodeFailure ? why.message : why;
  if (typeof reason !== 'string') return why;
  return new FoveaError('unreadable_video', `Cannot read "${path}": ${reason}.`, { file: path, reason }, { cause });
}

/** Does `attempt` with each decoder until one is there. @throws FoveaError `no_video_decoder` */
export async function withDecoder<T>(
  name: DecoderName | undefined,
  attempt: (decoder: Decoder) => Promise<T>,
): Promise<T> {
  const missing: string[] = [];
  for (const decoder of name ? [DECODERS[name]] : Object.values(DECODERS)) {
    try {
      return await attempt(decoder);
    } catch (error) {
      if (!isMissing(error, missing)) throw error;
    }
  }
  throw noDecoder(missing);
}

/** Whether an error says that a decoder is not there; what it says is added to the list. */
export function isMissing(error: unknown, missing: string[]): boolean {
  if (!(error instanceof DecoderMissing)) return false;
  missing.push(error.message);
  return true;
}

/** The error where no decoder is there. */
export function noDecoder(missing: readonly string[]): FoveaError {
  return new FoveaError(
    'no_video_decoder',
    `Reading video needs the npm package node-av (optional, it comes with a plain npm install) or an ffmpeg program on ` +
      `the PATH, and neither works here: ${missing.join('; ')}.`,
    { tried: missing },
  );
}
