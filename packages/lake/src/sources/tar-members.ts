import { Readable, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { FoveaError } from '@fovea/annotations';
import { type Extract, extract, type Header } from 'tar-stream';
import { bomb, brokenArchive, isBomb, type Member, openMemberRules } from './archive-members.js';
import { nameText } from './file-name.js';
import { CHUNK_BYTES, passBytes } from './limited-bytes.js';
import type { SourceItem, SourceLimits } from './source.js';
import type { SourceReport } from './source-report.js';

type Entry = Extract extends AsyncIterable<infer Each> ? Each : never;

/** A TAR on its way. */
export interface PassingTar {
  readonly location: string;
  /** Changes when the archive may have; null where nobody says, and then nor does any member. */
  readonly fingerprint: string | null;
  readonly sizeBytes: number | null;
  readonly bytes: Readable;
  readonly isGzipped: boolean;
}

/**
 * The pictures and videos in a TAR, or a TAR.GZ, as they come by: each must be read before the next is asked for. Of an
 * archive that breaks off, what came before is given, and the rest is a problem.
 *
 * @throws FoveaError `archive_bomb`, `broken_archive` where not even the first member can be read; what the bytes fail with
 */
export async function* tarMembers(
  tar: PassingTar,
  limits: SourceLimits,
  report: SourceReport,
  signal?: AbortSignal,
): AsyncGenerator<SourceItem> {
  const { location } = tar;
  // The size of what is gzipped says nothing of what is in it; that is counted as it comes.
  const rules = openMemberRules({ location, sizeBytes: null }, limits, report);
  // Names are not always UTF-8: as Latin-1 each byte is a character, and nothing is lost.
  const unpacked = extract({ filenameEncoding: 'latin1', allowUnknownFormat: true } as object);
  const failure = pump(tar, unpacked, limits);
  const entries = unpacked[Symbol.asyncIterator]();
  let members = 0;
  try {
    for (;;) {
      signal?.throwIfAborted();
      let next: IteratorResult<Entry>;
      try {
        next = await entries.next();
      } catch (cause) {
        signal?.throwIfAborted();
        const error = explain(location, failure() ?? cause);
        // Where the bytes come from, or what they would become, is at fault, and not the archive's end alone.
        if (members === 0 || error.code !== 'broken_archive') throw error;
        const { reason } = error.details ?? {};
        return report.tell(
          location,
          'broken_archive',
          `The archive cannot be read to its end: ${reason}; the rest is missing.`,
        );
      }
      if (next.done) return;
      members++;
      const entry = next.value;
      const member = rules.take(describe(entry.header));
      if (member === undefined) {
        entry.resume();
        continue;
      }
      const { size, mtime } = entry.header;
      let opened: Readable | undefined;
      let isPast = false;
      yield {
        location: member.location,
        name: member.name,
        kind: member.kind,
        sizeBytes: size,
        fingerprint: tar.fingerprint && `${size}-${mtime?.getTime() ?? 0}-${tar.fingerprint}`,
        isPassing: true,
        open: async () => {
          if (isPast || opened !== undefined) throw passed(member.location);
          opened = passBytes(throughNode(entry), {
            location: member.location,
            maxBytes: member.maxBytes,
            explain: (cause) => explain(member.location, cause),
          });
          return opened;
        },
      };
      isPast = true;
      // What the caller did not read goes by unread, and what it is still reading is cut off.
      opened?.destroy(opened.readableEnded ? undefined : passed(member.location));
      entry.resume();
    }
  } finally {
    tar.bytes.destroy();
    await entries.return?.();
  }
}

/** Lets the bytes run through gunzip and the reader, and remembers what failed first, which is the cause of the rest. */
function pump(tar: PassingTar, unpacked: ReturnType<typeof extract>, limits: SourceLimits) {
  let first: unknown;
  const fail = (error: unknown) => {
    first ??= error;
    unpacked.destroy(error as Error);
  };
  let packedBytes = 0;
  let plainBytes = 0;
  tar.bytes.on('error', fail);
  if (!tar.isGzipped) tar.bytes.pipe(unpacked);
  else {
    const countPacked = new Transform({
      transform: (chunk, _, done) => {
        packedBytes += chunk.length;
        done(null, chunk);
      },
    });
    const countPlain = new Transform({
      transform: (chunk, _, done) => {
        plainBytes += chunk.length;
        const isTooMuch = isBomb(plainBytes, packedBytes, limits);
        done(isTooMuch ? bomb(tar.location, `it unpacks to over ${limits.maxRatio} times its size`) : null, chunk);
      },
    });
    const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
    for (const stage of [countPacked, gunzip, countPlain]) stage.on('error', fail);
    unpacked.on('close', () => gunzip.destroy());
    tar.bytes.pipe(countPacked).pipe(gunzip).pipe(countPlain).pipe(unpacked);
  }
  return (): unknown => first;
}

/**
 * A member's bytes as a stream of Node's. Destroying it lets the rest go by; destroying the member itself, as its own
 * iteration does when it is left, would end the archive with it.
 */
function throughNode(entry: Entry): Readable {
  const bytes = new Readable({
    read: () => void entry.resume(),
    destroy: (error, done) => {
      entry.resume();
      done(error);
    },
  });
  let isWhole = false;
  entry.on('data', (chunk) => {
    if (!bytes.destroyed && !bytes.push(chunk)) entry.pause();
  });
  entry.on('end', () => {
    isWhole = true;
    bytes.push(null);
  });
  entry.on('error', (error) => bytes.destroy(error));
  entry.on('close', () => {
    if (!isWhole) bytes.destroy(new Error('unexpected end of data'));
  });
  return bytes;
}

function describe(header: Header): Member {
  // What a pax header says is UTF-8 by its definition.
  const isLatin1 = (header.pax as { path?: string } | null)?.path === undefined;
  const name = isLatin1 ? nameText(Buffer.from(header.name, 'latin1')) : header.name;
  return { name, sizeBytes: header.size, type: typeOf(header) };
}

function typeOf({ type, name }: Header): Member['type'] {
  if (type === 'directory' || name.endsWith('/')) return 'folder';
  if (type === 'file' || type === 'contiguous-file') return 'file';
  if (type === 'link' || type === 'symlink') return 'link';
  return type === 'fifo' || type === 'character-device' || type === 'block-device' ? 'special' : 'unsupported';
}

function explain(location: string, cause: unknown): FoveaError {
  if (cause instanceof FoveaError) return cause;
  // An error of the storage the bytes come from speaks for itself.
  if (cause instanceof Error && cause.name === 'StoreError') return cause as FoveaError;
  return brokenArchive(location, cause);
}

function passed(location: string): FoveaError {
  const reason = 'a member of a TAR comes by once, and it has gone by';
  return new FoveaError('unreadable_file', `"${location}" cannot be read: ${reason}.`, { file: location, reason });
}
