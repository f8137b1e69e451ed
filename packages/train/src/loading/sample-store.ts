import { mkdir } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { systemCode } from '@fovea/store';
import type { Lent, SampleBuffers } from './sample-buffers.js';
import { layOut, usualShardBytes } from './sample-layout.js';
import { BrokenShard, createShard, openShard, removeShard, type Shard } from './sample-shard.js';

/** Shards open at once. */
const openAtOnce = 64;

/** What a {@link SampleStore} is told. */
export interface SampleStoreOptions {
  readonly folder: string;
  /** Records there are to be. */
  readonly count: number;
  /** Most bytes of each record in [from, to), in order; the same whenever the folder is opened. */
  capacities(from: number, to: number): AsyncIterable<number>;
  readonly buffers: SampleBuffers;
  /** Room there is; records beyond are not kept. */
  readonly limitBytes: number;
  /** Asked before bytes are written: whether the disk has room for so many. */
  mayWrite(bytes: number): Promise<boolean>;
  /** Whether shards beyond the limit, of a time when there was more room, may go: nobody else reads them. */
  readonly trims?: boolean;
  /** Told in a sentence what goes wrong, once for each kind of thing. */
  onTrouble(text: string): void;
  /** Bytes of a shard, 256 MB by default. */
  readonly bytesOfShard?: number;
}

/** Records by number on local disk, in shards that any number of processes read and fill at once. */
export interface SampleStore {
  /** Records there is room for: those before this one. */
  readonly keepable: number;
  /** Records that are there, and their bytes. */
  kept(): { readonly records: number; readonly bytes: number };
  /** A record; `null` where it is not there, or was damaged. */
  load(at: number): Promise<Lent | null>;
  /** Keeps a record. @returns false where there is no room for it, or it has more bytes than its place */
  put(at: number, parts: readonly Uint8Array[]): Promise<boolean>;
  /** Lets go of all files, as when somebody has removed them; what is asked for next is opened anew. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

interface Held {
  readonly shard: Shard;
  uses: number;
}

/**
 * Opens a store; its shards are made as they are needed. What a killed process had written is there. A shard whose head
 * or length is wrong is made again, and a record whose checksum is wrong counts as missing, so it is too.
 *
 * No failure of the disk is one of training: what cannot be read or written is told and is then not there.
 */
export async function openSampleStore(options: SampleStoreOptions): Promise<SampleStore> {
  const { folder, count, capacities, buffers, limitBytes, mayWrite, bytesOfShard = usualShardBytes } = options;
  const { firsts, keepable, shardOf } = await layOut(capacities(0, count), bytesOfShard, limitBytes);
  const endOf = (number: number) => firsts[number + 1] ?? count;
  const recordsIn = new Uint32Array(firsts.length);
  const bytesIn = new Float64Array(firsts.length);
  // The least recently used comes first.
  const opened = new Map<number, Promise<Held | null>>();
  const told = new Set<string>();
  let writes = true;

  const tell = (kind: string, text: string) => {
    if (!told.has(kind)) options.onTrouble(text);
    told.add(kind);
  };
  const stopWriting = (why: string) => {
    writes = false;
    tell('full', `No more pictures are kept decoded: ${why}. The others are decoded each time they are needed.`);
  };

  async function openWhole(number: number, creates: boolean): Promise<Shard | null> {
    const records = endOf(number) - firsts[number]!;
    const found = await openShard(folder, number, records).catch(async (error) => {
      if (!(error instanceof BrokenShard)) throw error;
      tell('shard', `Of the pictures that are kept decoded a part was broken (${error.message}) and is made again.`);
      await removeShard(folder, number);
      return null;
    });
    if (found || !creates) return found;
    await mkdir(folder, { recursive: true });
    const own: number[] = [];
    for await (const capacity of capacities(firsts[number]!, endOf(number))) own.push(capacity);
    await createShard(folder, number, own);
    return openShard(folder, number, records);
  }

  async function hold(number: number, creates: boolean): Promise<Held | null> {
    const shard = await openWhole(number, creates);
    recordsIn[number] = shard?.known.reduce((sum, known) => sum + known, 0) ?? 0;
    bytesIn[number] = shard?.bytesThere ?? 0;
    return shard && { shard, uses: 0 };
  }

  /** Closes shards nobody reads until as few are open as may be. */
  async function closeSome(): Promise<void> {
    for (const [number, holding] of opened) {
      if (opened.size <= openAtOnce) return;
      const held = await holding.catch(() => null);
      if (opened.get(number) !== holding || (held && held.uses > 0)) continue;
      opened.delete(number);
      await held?.shard.file.close();
    }
  }

  /** Does something with a record's shard, which stays open meanwhile; `null` where there is no shard. */
  async function within<T>(
    at: number,
    creates: boolean,
    work: (shard: Shard, i: number, number: number) => Promise<T>,
  ): Promise<T | null> {
    const number = shardOf(at);
    for (;;) {
      const before = opened.get(number);
      const holding = before ?? hold(number, creates);
      opened.delete(number);
      opened.set(number, holding);
      let held: Held | null;
      try {
        held = await holding;
      } catch (error) {
        opened.delete(number);
        throw error;
      }
      if (!held) {
        if (opened.get(number) === holding) opened.delete(number);
        // Somebody else looked whether it is there; now it is to be made.
        if (before && creates) continue;
        return null;
      }
      // Closed while it was waited for.
      if (opened.get(number) !== holding) continue;
      held.uses++;
      try {
        return await work(held.shard, at - firsts[number]!, number);
      } finally {
        held.uses--;
        if (opened.size > openAtOnce) await closeSome();
      }
    }
  }

  /** Counts a record that was not known to be there. */
  function note(shard: Shard, i: number, number: number, length: number): void {
    if (shard.known[i]) return;
    shard.known[i] = 1;
    recordsIn[number]!++;
    bytesIn[number]! += length;
  }

  const sealWhenFull = async (shard: Shard, number: number) => {
    if (shard.isDraft && recordsIn[number] === shard.count) await shard.seal();
  };

  async function load(at: number): Promise<Lent | null> {
    if (at >= keepable) return null;
    try {
      return await within(at, false, async (shard, i, number) => {
        const { offset, length, crc, capacity } = await shard.loadEntry(i);
        if (length === 0) return null;
        const lent = length <= capacity ? buffers.lend(length) : null;
        const read = lent ? (await shard.file.read(lent.bytes, 0, length, offset)).bytesRead : 0;
        if (!lent || read !== length || crc32(lent.bytes) !== crc) {
          lent?.release();
          tell('record', 'Of the pictures that are kept decoded some were damaged on the disk; they are made again.');
          return null;
        }
        // Of another process's making.
        note(shard, i, number, length);
        await sealWhenFull(shard, number);
        return lent;
      });
    } catch (error) {
      tell('read', `Pictures that are kept decoded cannot be read (${systemCode(error) ?? error}).`);
      return null;
    }
  }

  async function put(at: number, parts: readonly Uint8Array[]): Promise<boolean> {
    const length = parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (at >= keepable || !writes) return false;
    try {
      if (!(await mayWrite(length))) {
        stopWriting('the disk has no room left to spare');
        return false;
      }
      const isKept = await within(at, true, async (shard, i, number) => {
        const { offset, capacity } = await shard.loadEntry(i);
        if (length > capacity) return false;
        const { bytesWritten } = await shard.file.writev(parts, offset);
        if (bytesWritten !== length) throw new Error('it could be written in part only');
        await shard.writeEntry(
          i,
          length,
          parts.reduce((crc, part) => crc32(part, crc), 0),
        );
        note(shard, i, number, length);
        await sealWhenFull(shard, number);
        return true;
      });
      return isKept ?? false;
    } catch (error) {
      stopWriting(`they cannot be written (${systemCode(error) ?? (error as Error).message})`);
      return false;
    }
  }

  // What was kept before is counted, and what is broken found, before anybody waits for it.
  for (const [number, first] of firsts.entries()) {
    if (first >= keepable) {
      if (options.trims) await removeShard(folder, number).catch(() => undefined);
      continue;
    }
    const held = await hold(number, false).catch((error) => {
      tell('read', `Pictures that are kept decoded cannot be read (${systemCode(error) ?? error}).`);
      return null;
    });
    await held?.shard.file.close();
  }

  async function close(): Promise<void> {
    const all = [...opened];
    for (const [number, holding] of all) {
      const held = await holding.catch(() => null);
      if (opened.get(number) !== holding || (held && held.uses > 0)) continue;
      opened.delete(number);
      await held?.shard.file.close();
    }
  }

  return {
    keepable,
    kept: () => ({
      records: recordsIn.reduce((a, b) => a + b, 0),
      bytes: bytesIn.reduce((a, b) => a + b, 0),
    }),
    load,
    put,
    async reopen() {
      await close();
      for (const number of firsts.keys()) if (!opened.has(number)) [recordsIn[number], bytesIn[number]] = [0, 0];
    },
    close,
  };
}
