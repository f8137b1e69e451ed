import { Readable } from 'node:stream';
import { FoveaError } from '@fovea/annotations';
import type { MediaKind, SourceLimits } from './source.js';

/** Bytes read at a time: a picture is a few of these, and each is a turn of the event loop. */
export const CHUNK_BYTES = 2 ** 18;

/** The most bytes an item of a kind may have. */
export function maxBytesOf(kind: MediaKind, limits: SourceLimits): number {
  return kind === 'picture' ? limits.maxPictureBytes : limits.maxVideoBytes;
}

/** The error for an item with more bytes than allowed. */
export function tooLarge(location: string, maxBytes: number): FoveaError {
  const reason = `it has more than the ${formatBytes(maxBytes)} allowed`;
  return new FoveaError('too_large', `"${location}" was not read: ${reason}.`, { file: location, reason, maxBytes });
}

/** 1 GB, 512 MB, 3 kB, 12 bytes. */
export function formatBytes(bytes: number): string {
  const units = [
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB'],
  ] as const;
  const [size, unit] = units.find(([each]) => bytes >= each) ?? [1, 'bytes'];
  return `${Math.round((bytes / size) * 10) / 10} ${unit}`;
}

/**
 * Passes bytes on as long as there are not more than allowed, and turns what goes wrong into one error.
 *
 * @param onEnd looks at the whole once it went by; what it throws is the stream's error
 */
export function passBytes(
  source: Readable | AsyncIterable<Uint8Array>,
  options: {
    readonly location: string;
    readonly maxBytes: number;
    readonly onChunk?: (chunk: Uint8Array) => void;
    readonly onEnd?: (sizeBytes: number) => void;
    readonly explain: (cause: unknown) => unknown;
  },
): Readable {
  const { location, maxBytes, onChunk, onEnd, explain } = options;
  async function* pass(): AsyncGenerator<Uint8Array> {
    let sizeBytes = 0;
    try {
      for await (const chunk of source as AsyncIterable<Uint8Array>) {
        sizeBytes += chunk.length;
        if (sizeBytes > maxBytes) throw tooLarge(location, maxBytes);
        onChunk?.(chunk);
        yield chunk;
      }
      onEnd?.(sizeBytes);
    } catch (cause) {
      throw cause instanceof FoveaError ? cause : explain(cause);
    }
  }
  // Errors that come after the reader has left are nobody's.
  if (source instanceof Readable) source.on('error', () => undefined);
  const passing = Readable.from(pass(), { objectMode: false, highWaterMark: CHUNK_BYTES });
  // Also where nobody ever read: the generator's own end is then never reached.
  passing.once('close', () => {
    if (source instanceof Readable) source.destroy();
  });
  return passing;
}
