import { type FileHandle, link, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { systemCode } from '@fovea/store';

// A shard: a head, a table with a row for each picture, and a place for each picture's record, as large as it can get.
// Where a record lies is known before it is written, so several processes can fill one shard in any order: what they
// write for a picture is the same. Little-endian throughout.
const magic = 'FOVEASM1';
/** Magic, count as uint32, CRC of the offsets as uint32, the file's length as float64, CRC of all that as uint32. */
const headBytes = 32;
/** Of a record offset, length (0: not there yet) and CRC as uint32. */
const rowBytes = 12;

/** Where a record lies. */
export interface ShardEntry {
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
  /** Most bytes it may have. */
  readonly capacity: number;
}

/** An open shard. */
export interface Shard {
  readonly file: FileHandle;
  readonly count: number;
  /** Whether the `i`-th record was there when last looked. */
  readonly known: Uint8Array;
  /** Bytes of the records that were there when it was opened. */
  readonly bytesThere: number;
  isDraft: boolean;
  loadEntry(i: number): Promise<ShardEntry>;
  /** Says that a record is there, after its bytes are. */
  writeEntry(i: number, length: number, crc: number): Promise<void>;
  /** Gives a draft its lasting name, its bytes flushed. */
  seal(): Promise<void>;
}

/** What a file that should be a shard is instead. */
export class BrokenShard extends Error {}

const pathOf = (folder: string, number: number, kind: 'shard' | 'draft') =>
  join(folder, `${String(number).padStart(5, '0')}.${kind}`);

/** The CRC of every `rowBytes`-th four bytes: the table's offsets, which never change. */
function crcOfOffsets(table: Buffer): number {
  const offsets = Buffer.alloc((table.length / rowBytes) * 4);
  for (let i = 0; i * rowBytes < table.length; i++) table.copy(offsets, i * 4, i * rowBytes, i * rowBytes + 4);
  return crc32(offsets);
}

/** Bytes of a shard whose records have these capacities. */
export function shardBytes(count: number, capacities: number): number {
  return headBytes + count * rowBytes + capacities;
}

/**
 * Makes an empty shard, as a draft. Another process that makes the same at the same time does no harm: one of them wins.
 */
export async function createShard(folder: string, number: number, capacities: readonly number[]): Promise<void> {
  const table = Buffer.alloc(capacities.length * rowBytes);
  let offset = headBytes + table.length;
  for (const [i, capacity] of capacities.entries()) {
    table.writeUInt32LE(offset, i * rowBytes);
    offset += capacity;
  }
  const head = Buffer.alloc(headBytes);
  head.write(magic, 'latin1');
  head.writeUInt32LE(capacities.length, 8);
  head.writeUInt32LE(crcOfOffsets(table), 12);
  head.writeDoubleLE(offset, 16);
  head.writeUInt32LE(crc32(head.subarray(0, 24)), 24);
  const draft = pathOf(folder, number, 'draft');
  const temporary = `${draft}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(Buffer.concat([head, table]));
      // The rest is a hole, which takes room on the disk only as it is filled.
      await file.truncate(offset);
    } finally {
      await file.close();
    }
    // Unlike a rename, a link never puts a fresh draft over one that somebody already fills.
    await link(temporary, draft).catch(async (error) => {
      const code = systemCode(error);
      if (code === 'EEXIST') return;
      if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
      await rename(temporary, draft);
    });
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Removes a shard, finished or not. */
export async function removeShard(folder: string, number: number): Promise<void> {
  for (const kind of ['shard', 'draft'] as const) await rm(pathOf(folder, number, kind), { force: true });
}

/**
 * Opens a shard of `count` pictures; `null` where there is none.
 *
 * @throws BrokenShard where head, offsets or length are not a shard's
 */
export async function openShard(folder: string, number: number, count: number): Promise<Shard | null> {
  const [lasting, draft] = [pathOf(folder, number, 'shard'), pathOf(folder, number, 'draft')];
  const openOne = (path: string) =>
    open(path, 'r+').catch((error) => {
      if (systemCode(error) === 'ENOENT') return null;
      throw error;
    });
  const finished = await openOne(lasting);
  const file = finished ?? (await openOne(draft));
  if (!file) return null;
  try {
    return await readShard(file, count, finished ? null : { draft, lasting });
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readShard(
  file: FileHandle,
  count: number,
  naming: { readonly draft: string; readonly lasting: string } | null,
): Promise<Shard> {
  const start = Buffer.alloc(headBytes + count * rowBytes);
  const { bytesRead } = await file.read(start, 0, start.length, 0);
  const [head, table] = [start.subarray(0, headBytes), start.subarray(headBytes)];
  const length = head.readDoubleLE(16);
  if (bytesRead !== start.length) throw new BrokenShard('it is cut off');
  if (head.toString('latin1', 0, 8) !== magic || head.readUInt32LE(24) !== crc32(head.subarray(0, 24)))
    throw new BrokenShard('its head is none');
  if (head.readUInt32LE(8) !== count || head.readUInt32LE(12) !== crcOfOffsets(table))
    throw new BrokenShard('its table is not what it was');
  const { size } = await file.stat();
  if (size !== length) throw new BrokenShard(`it has ${size} bytes instead of ${length}`);

  const known = new Uint8Array(count);
  let bytesThere = 0;
  for (let i = 0; i < count; i++) {
    const recordBytes = table.readUInt32LE(i * rowBytes + 4);
    known[i] = recordBytes > 0 ? 1 : 0;
    bytesThere += recordBytes;
  }
  const row = (i: number) => headBytes + i * rowBytes;
  const shard: Shard = {
    file,
    count,
    known,
    bytesThere,
    isDraft: naming !== null,
    async loadEntry(i) {
      // The next row's offset says where this record ends at the latest.
      const bytes = Buffer.allocUnsafe(2 * rowBytes);
      const last = i === count - 1;
      const wanted = last ? rowBytes : 2 * rowBytes;
      const { bytesRead } = await file.read(bytes, 0, wanted, row(i));
      if (bytesRead !== wanted) throw new BrokenShard('it is cut off');
      const offset = bytes.readUInt32LE(0);
      const end = last ? length : bytes.readUInt32LE(rowBytes);
      return { offset, length: bytes.readUInt32LE(4), crc: bytes.readUInt32LE(8), capacity: end - offset };
    },
    async writeEntry(i, recordLength, crc) {
      const bytes = Buffer.alloc(8);
      bytes.writeUInt32LE(recordLength, 0);
      bytes.writeUInt32LE(crc, 4);
      await file.write(bytes, 0, 8, row(i) + 4);
    },
    async seal() {
      if (!naming || !shard.isDraft) return;
      shard.isDraft = false;
      await file.datasync();
      // Another process that fills the same shard may have been first.
      await rename(naming.draft, naming.lasting).catch((error) => {
        if (systemCode(error) !== 'ENOENT') throw error;
      });
    },
  };
  return shard;
}
