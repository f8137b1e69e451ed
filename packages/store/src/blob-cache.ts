import { mkdir, opendir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { freeBytes, RESERVED_BYTES } from './draft.js';
import { diskFull, systemCode } from './error.js';

/** Copies of blobs in a folder, the least recently used of which give way; any number of processes may share it. */
export interface BlobCache {
  readonly maxBytes: number;
  /** The copy's path, which counts as a use; undefined where there is none. */
  find(sha256: string): Promise<string | undefined>;
  /** Takes a checked file in by renaming it, and gives its path. */
  adopt(draft: string, sha256: string, sizeBytes: number): Promise<string>;
  /** Frees disk for so many bytes, giving up copies where it must. @throws StoreError `disk_full` */
  makeRoom(sizeBytes: number): Promise<void>;
  remove(sha256: string): Promise<void>;
}

/** A use is written down when the last one is this old: an access would otherwise cost a write. */
const USE_MS = 60_000;
/** How much is left after others gave way. */
const LOW_WATER = 0.9;

/** Opens a cache of at most `maxBytes`, but for the copy that came last; the folder is made when one comes. */
export function openBlobCache(home: string, maxBytes: number): BlobCache {
  const root = join(home, 'cache', 'blobs');
  const pathOf = (sha256: string) => join(root, sha256.slice(0, 2), sha256.slice(2));
  let usedBytes: number | undefined;
  let unseenBytes = 0;
  let sweeping: Promise<void> | undefined;

  /** Looks at everything, since other processes come and go here too; gives up what is over `limitBytes`. */
  async function sweep(limitBytes: number, keep?: string): Promise<void> {
    const found: { path: string; sizeBytes: number; usedAt: number }[] = [];
    let total = 0;
    for await (const folder of entriesOf(root)) {
      for await (const name of entriesOf(join(root, folder))) {
        const path = join(root, folder, name);
        const file = await stat(path).catch(() => undefined);
        if (!file?.isFile()) continue;
        total += file.size;
        found.push({ path, sizeBytes: file.size, usedAt: file.mtimeMs });
      }
    }
    if (total > limitBytes) {
      found.sort((a, b) => a.usedAt - b.usedAt);
      for (const { path, sizeBytes } of found) {
        if (total <= limitBytes * LOW_WATER) break;
        if (path === keep) continue;
        await rm(path, { force: true });
        total -= sizeBytes;
      }
    }
    usedBytes = total;
    unseenBytes = 0;
  }

  function sweepOnce(limitBytes: number, keep?: string): Promise<void> {
    sweeping ??= sweep(limitBytes, keep).finally(() => {
      sweeping = undefined;
    });
    return sweeping;
  }

  return {
    maxBytes,
    find: async (sha256) => {
      const path = pathOf(sha256);
      const file = await stat(path).catch(() => undefined);
      if (!file?.isFile()) return undefined;
      const now = new Date();
      if (now.getTime() - file.mtimeMs > USE_MS) await utimes(path, now, now).catch(() => undefined);
      return path;
    },
    adopt: async (draft, sha256, sizeBytes) => {
      const path = pathOf(sha256);
      await mkdir(dirname(path), { recursive: true });
      await rename(draft, path);
      unseenBytes += sizeBytes;
      if (usedBytes !== undefined) usedBytes += sizeBytes;
      if (usedBytes === undefined || usedBytes > maxBytes || unseenBytes > maxBytes / 20)
        await sweepOnce(maxBytes, path);
      return path;
    },
    makeRoom: async (sizeBytes) => {
      const lacking = async () => sizeBytes + RESERVED_BYTES - (await freeBytes(home));
      if ((await lacking()) <= 0) return;
      await sweepOnce(maxBytes);
      const missing = await lacking();
      if (missing > 0) await sweepOnce(Math.max(0, (usedBytes ?? 0) - missing));
      if ((await lacking()) > 0) throw diskFull(home);
    },
    remove: (sha256) => rm(pathOf(sha256), { force: true }),
  };
}

async function* entriesOf(folder: string): AsyncGenerator<string> {
  try {
    for await (const entry of await opendir(folder)) yield entry.name;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' && systemCode(error) !== 'ENOTDIR') throw error;
  }
}
