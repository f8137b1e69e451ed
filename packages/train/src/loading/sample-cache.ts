import { createHash } from 'node:crypto';
import type { PlannedCache } from '../plan.js';
import type { PictureIndex, PictureRow } from './picture-index.js';
import type { PictureSource } from './picture-source.js';
import { makeRoom, sayBytes } from './sample-budget.js';
import type { SampleBuffers } from './sample-buffers.js';
import { type UsedFolder, useSampleFolder } from './sample-folder.js';
import { layOut, usualShardBytes } from './sample-layout.js';
import { createSampleLoader, type SampleLoader } from './sample-loader.js';
import { recordBytes } from './sample-record.js';
import type { SampleRule } from './sample-rule.js';
import { openSampleStore, type SampleStore } from './sample-store.js';

/** Another number where records or shards change: what was kept before is then not looked at. */
const formatVersion = 1;
/** Bytes of decoded pictures held in memory where the disk keeps them, for those it has no room for, and where it does not. */
const [memoryBesideDisk, memoryAlone] = [256 * 2 ** 20, 768 * 2 ** 20];

/** What a {@link SampleCache} is told. */
export interface SampleCacheOptions {
  readonly cache: PlannedCache;
  readonly index: PictureIndex;
  /** Of the pictures of the index. */
  readonly digest: string;
  readonly rule: SampleRule;
  readonly source: PictureSource;
  readonly buffers: SampleBuffers;
  /** False where each picture is wanted too seldom to hold it in memory. */
  readonly remembers: boolean;
  /** Told in sentences what there is to know. */
  say(text: string): void;
}

/** How much is kept. */
export interface KeptState {
  readonly pictures: number;
  readonly of: number;
  readonly bytes: number;
}

/** The samples of an index, kept decoded on disk as far as there is room. */
export interface SampleCache extends SampleLoader {
  readonly count: number;
  /** What of them is on disk; `null` where nothing is kept there. */
  kept(): KeptState | null;
  /** Whether all there is room for is kept. */
  isFull(): boolean;
  close(): Promise<void>;
}

/** "1,234". */
const sayCount = (count: number) => count.toLocaleString('en-GB');

/** In a few words, as for a log: "1.2 GB for 4,000 of 4,000". */
export function sayKept({ pictures, of, bytes }: KeptState): string {
  return `${sayBytes(bytes)} for ${sayCount(pictures)} of ${sayCount(of)}`;
}

async function openDisk(
  { cache, index, digest, rule, buffers, say }: SampleCacheOptions,
  capacities: (from?: number, to?: number) => AsyncIterable<number>,
): Promise<{ folder: UsedFolder; store: SampleStore } | null> {
  if (cache.bytes === 0) {
    say('Decoded pictures are kept in memory only, as was asked for.');
    return null;
  }
  const about = { format: formatVersion, rule: rule.key, pictures: index.count, digest };
  const key = createHash('sha256').update(JSON.stringify(about)).digest('hex').slice(0, 32);
  try {
    const { bytes: wanted } = await layOut(capacities(), usualShardBytes);
    const room = await makeRoom(cache.folder, key, wanted, cache.bytes);
    if (room.bytes === 0) {
      say(`Decoded pictures are kept in memory only: ${room.why}.`);
      return null;
    }
    let store: SampleStore | undefined;
    const folder = await useSampleFolder(cache.folder, key, about, room.bytes, () => {
      store?.reopen().catch(() => undefined);
    });
    store = await openSampleStore({
      folder: folder.path,
      count: index.count,
      capacities,
      buffers,
      limitBytes: room.bytes,
      mayWrite: room.mayWrite,
      trims: !folder.isShared,
      onTrouble: say,
    });
    if (store.keepable < index.count)
      say(`Of ${sayCount(index.count)} pictures ${sayCount(store.keepable)} can be kept decoded on disk: ${room.why}.`);
    return { folder, store };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    say(`Decoded pictures are kept in memory only: "${cache.folder}" cannot be used (${reason}).`);
    return null;
  }
}

/** Opens the samples of an index under a rule. What earlier runs kept of the same pictures under the same rule is used. */
export async function openSampleCache(options: SampleCacheOptions): Promise<SampleCache> {
  const { index, rule, source, remembers, say } = options;
  const capacityOf = (row: PictureRow) => {
    const { width, height } = rule.sizeOf(row);
    return recordBytes(width, height, rule.hasLabels && row.hasLabelMap ? row.width * row.height : 0);
  };
  async function* capacities(from = 0, to = index.count) {
    for await (const row of index.rows(from, to)) yield capacityOf(row);
  }
  const disk = await openDisk(options, capacities);
  const memoryBytes = remembers ? (disk ? memoryBesideDisk : memoryAlone) : 0;
  const loader = createSampleLoader({ index, rule, source, store: disk?.store ?? null, memoryBytes, onTrouble: say });
  const kept = () => {
    if (!disk) return null;
    const { records, bytes } = disk.store.kept();
    return { pictures: records, of: index.count, bytes };
  };
  return {
    ...loader,
    count: index.count,
    kept,
    isFull: () => disk !== null && disk.store.kept().records >= disk.store.keepable,
    async close() {
      await disk?.store.close();
      await disk?.folder.close();
    },
  };
}
