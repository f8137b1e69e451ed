import { randomUUID } from 'node:crypto';
import { open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { FoveaError } from '@fovea/annotations';
import { storageError } from '@fovea/store';
import { CHUNK_BYTES, formatBytes, passBytes, tooLarge } from './limited-bytes.js';
import { fingerprintOf } from './local-file.js';
import type { SourceItem, SourceLimits } from './source.js';
import type { SourceReport } from './source-report.js';
import { tarMembers } from './tar-members.js';
import { zipMembers } from './zip-members.js';

/** What a file is by its first 512 bytes; undefined for none of them. */
export type ArchiveFormat = 'zip' | 'gzip' | 'tar';

/** How many of the first bytes tell an archive. */
export const HEAD_BYTES = 512;

/** Tells an archive by its content. */
export function sniffArchive(head: Uint8Array): ArchiveFormat | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  const start = bytes.toString('latin1', 0, 4);
  if (start === 'PK\x03\x04' || start === 'PK\x05\x06') return 'zip';
  if (start.startsWith('\x1f\x8b')) return 'gzip';
  if (bytes.length < HEAD_BYTES) return undefined;
  if (bytes.toString('latin1', 257, 262) === 'ustar') return 'tar';
  // TARs from before there was a mark still have the sum of their header in it.
  const said = Number.parseInt(bytes.toString('latin1', 148, 156).replace(/[\0 ]+/g, ''), 8);
  let sum = 8 * 32;
  for (let i = 0; i < HEAD_BYTES; i++) if (i < 148 || i >= 156) sum += bytes[i]!;
  return said === sum && sum > 8 * 32 ? 'tar' : undefined;
}

/** What the walk over archives needs beside the archive. */
export interface ArchiveOptions {
  readonly limits: SourceLimits;
  readonly report: SourceReport;
  readonly signal?: AbortSignal | undefined;
  readonly tmpFolder: string;
  /** Takes what must be closed with the source, since its items may be opened until then. */
  readonly keep: (closing: () => Promise<unknown>) => void;
}

/**
 * The pictures and videos in an archive on disk.
 *
 * @throws FoveaError `unknown_archive` for another kind of archive, `broken_archive`, `archive_bomb`, `unreadable_file`
 */
export async function* localArchive(
  path: string | Buffer,
  location: string,
  options: ArchiveOptions,
): AsyncGenerator<SourceItem> {
  const { limits, report, signal } = options;
  const file = await open(path).catch((cause: NodeJS.ErrnoException) => {
    const reason = `it cannot be opened (${cause.code})`;
    throw new FoveaError(
      'unreadable_file',
      `"${location}" cannot be read: ${reason}.`,
      { file: location, reason },
      { cause },
    );
  });
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const format = sniffArchive(buffer.subarray(0, bytesRead));
    if (format === undefined) throw unknownArchive(location);
    if (format === 'zip') return yield* zipMembers(path, location, limits, report, signal);
    const found = await file.stat({ bigint: true });
    const bytes = file.createReadStream({ start: 0, highWaterMark: CHUNK_BYTES });
    const fingerprint = fingerprintOf(found);
    const tar = { location, fingerprint, sizeBytes: Number(found.size), bytes, isGzipped: format === 'gzip' };
    yield* tarMembers(tar, limits, report, signal);
  } finally {
    await file.close();
  }
}

/** An archive that comes over the network. */
export interface PassingArchive {
  readonly location: string;
  readonly fingerprint: string | null;
  readonly sizeBytes: number | null;
  readonly bytes: Readable;
  readonly format: ArchiveFormat;
}

/** The pictures and videos in an archive from the network: a TAR as it comes by, a ZIP from a copy in `tmpFolder`. */
export async function* passingArchive(archive: PassingArchive, options: ArchiveOptions): AsyncGenerator<SourceItem> {
  const { location, format } = archive;
  const { limits, report, signal, tmpFolder } = options;
  if (format !== 'zip') return yield* tarMembers({ ...archive, isGzipped: format === 'gzip' }, limits, report, signal);
  const path = join(tmpFolder, `source-${process.pid}-${randomUUID()}`);
  options.keep(() => rm(path, { force: true }));
  await copy(archive, path, options);
  yield* zipMembers(path, location, limits, report, signal);
}

/** Room that a copy leaves free on its disk, for the database beside it. */
const RESERVED_BYTES = 256 * 2 ** 20;

async function copy(archive: PassingArchive, path: string, { limits, tmpFolder }: ArchiveOptions): Promise<void> {
  const { location, sizeBytes } = archive;
  const assertRoom = async (coming: number) => {
    const { bavail, bsize } = await statfs(tmpFolder);
    if (bavail * bsize - coming >= RESERVED_BYTES) return;
    const reason = `a ZIP is copied to ${tmpFolder} first, and there is no room for its ${formatBytes(coming)} there`;
    throw new FoveaError('disk_full', `"${location}" was not read: ${reason}.`, { file: location, reason });
  };
  if ((sizeBytes ?? 0) > limits.maxArchiveBytes) throw tooLarge(location, limits.maxArchiveBytes);
  const explain = (cause: unknown) => cause;
  const bytes = passBytes(archive.bytes, { location, maxBytes: limits.maxArchiveBytes, explain });
  const file = await open(path, 'wx', 0o600);
  try {
    await assertRoom(sizeBytes ?? 0);
    let sinceCheck = 0;
    for await (const chunk of bytes as AsyncIterable<Uint8Array>) {
      await file.writeFile(chunk);
      sinceCheck += chunk.length;
      if (sinceCheck < 2 ** 26) continue;
      sinceCheck = 0;
      await assertRoom(0);
    }
  } catch (error) {
    bytes.destroy();
    throw storageError(error, tmpFolder);
  } finally {
    await file.close();
  }
}

/** The error for an archive of a kind Fovea does not read, or none at all. */
export function unknownArchive(location: string): FoveaError {
  const reason = 'it is neither ZIP, TAR nor TAR.GZ';
  return new FoveaError(
    'unknown_archive',
    `"${location}" cannot be read: ${reason}. Pack it as one of them, or unpack it.`,
    {
      file: location,
      reason,
    },
  );
}

/** Takes the first bytes off a stream and puts them back: what it is decides who reads it. */
export async function peek(bytes: Readable, count: number): Promise<{ head: Buffer; rest: Readable }> {
  const iterator = bytes[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const chunks: Buffer[] = [];
  let size = 0;
  while (size < count) {
    const next = await iterator.next();
    if (next.done) break;
    chunks.push(next.value);
    size += next.value.length;
  }
  const first = Buffer.concat(chunks);
  async function* all(): AsyncGenerator<Buffer> {
    if (first.length > 0) yield first;
    for (;;) {
      const next = await iterator.next();
      if (next.done) return;
      yield next.value;
    }
  }
  const rest = Readable.from(all(), { objectMode: false });
  rest.once('close', () => bytes.destroy());
  return { head: first.subarray(0, count), rest };
}
