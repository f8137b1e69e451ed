import { mkdir, statfs } from 'node:fs/promises';
import { findSampleFolders, removeSampleFolder } from './sample-folder.js';

/** Bytes of decoded pictures kept on a disk at the most, unless another number is asked for. */
export const usualCacheBytes = 50e9;
/** What is left free of a disk: this part of it, and no less than these bytes. */
const [freePart, freeBytes] = [0.2, 5e9];
/** The disk is looked at again after so many bytes. */
const lookBytes = 64 * 2 ** 20;

/** A disk as far as it matters: bytes it has and bytes this user may still fill. */
export interface Disk {
  readonly size: number;
  readonly free: number;
}

/** "1.2 GB", "310 MB", "8 kB". */
export function sayBytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(bytes >= 1e10 ? 0 : 1)} GB`;
  return bytes >= 1e6 ? `${Math.round(bytes / 1e6)} MB` : `${Math.round(bytes / 1e3)} kB`;
}

async function lookAtDisk(folder: string): Promise<Disk> {
  const { blocks, bavail, bsize } = await statfs(folder);
  return { size: blocks * bsize, free: bavail * bsize };
}

/** Bytes to leave free. Where somebody said how much may be kept, the part of the disk is theirs to judge. */
const reserveOf = (disk: Disk, isAsked: boolean) => (isAsked ? freeBytes : Math.max(freeBytes, freePart * disk.size));

/** Room for what is to be kept. */
export interface Room {
  /** Bytes that may be kept under the key, those that are already there among them. */
  readonly bytes: number;
  /** Why it is less than was wanted, in words. */
  readonly why: string | null;
  /** Whether so many more bytes may be written now: others fill the disk too. */
  mayWrite(bytes: number): Promise<boolean>;
}

/**
 * Makes room for `wanted` bytes under a key: caches of other keys are removed, the least recently used first, as far as
 * needed, none that a process uses.
 *
 * @param asked bytes over all keys at the most; `null` for the usual, {@link usualCacheBytes}
 * @param look how the disk is; by default that of `root`
 */
export async function makeRoom(
  root: string,
  key: string,
  wanted: number,
  asked: number | null,
  look: () => Promise<Disk> = () => lookAtDisk(root),
): Promise<Room> {
  await mkdir(root, { recursive: true });
  const most = asked ?? usualCacheBytes;
  const folders = await findSampleFolders(root);
  const sum = (some: typeof folders) => some.reduce((bytes, folder) => bytes + folder.bytes, 0);
  const own = sum(folders.filter((folder) => folder.key === key));
  const others = folders.filter((folder) => folder.key !== key);
  const used = others.filter(({ isUsed }) => isUsed);
  let idle = others.filter(({ isUsed }) => !isUsed);
  const disk = await look();
  const reserve = reserveOf(disk, asked !== null);
  // What a live process was granted it may yet fill.
  const taken = used.reduce((bytes, folder) => bytes + Math.max(folder.bytes, folder.granted), 0);
  const pending = taken - sum(used);
  const byDisk = disk.free + own + sum(idle) - pending - reserve;
  const bytes = Math.max(0, Math.min(wanted, most - taken, byDisk));

  let free = disk.free;
  while (idle.length > 0 && (sum(idle) + taken + bytes > most || free + own - pending - bytes < reserve)) {
    const [oldest, ...rest] = idle;
    await removeSampleFolder(root, oldest!.key);
    free += oldest!.bytes;
    idle = rest;
  }
  let unseen = Number.POSITIVE_INFINITY;
  let isRoom = true;
  return {
    bytes,
    why:
      bytes >= wanted
        ? null
        : byDisk < most - taken
          ? `the disk is to keep ${sayBytes(reserve)} free`
          : `${sayBytes(most)} are kept at the most`,
    async mayWrite(more) {
      unseen += more;
      if (unseen < lookBytes) return isRoom;
      unseen = 0;
      isRoom = (await look()).free - lookBytes > reserve;
      return isRoom;
    },
  };
}
