import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '@fovea/store';

/** How often a user says that it is still there. */
const beatMs = 30_000;
/** A user that has not been heard of for so long is gone, where its process cannot be looked for. */
const silentMs = 5 * 60_000;
/** The same where a process of its number lives: it may be another by now. */
const forgottenMs = 24 * 3600_000;

const usersIn = (folder: string) => join(folder, 'users');
const aboutIn = (folder: string) => join(folder, 'about.json');

/** One folder of kept samples among those of a root. */
export interface FoundFolder {
  readonly key: string;
  /** Bytes on the disk, holes not counted. */
  readonly bytes: number;
  /** Bytes its users may yet fill it to; 0 where nobody uses it. */
  readonly granted: number;
  readonly isUsed: boolean;
  readonly usedAtMs: number;
}

interface User {
  readonly pid: number;
  readonly host: string;
  readonly bytes: number;
}

/** The users of a folder that are still there. */
async function usersOf(folder: string): Promise<User[]> {
  const users: User[] = [];
  for (const name of await readdir(usersIn(folder)).catch(() => [])) {
    const path = join(usersIn(folder), name);
    try {
      const quietMs = Date.now() - (await stat(path)).mtimeMs;
      const user = JSON.parse(await readFile(path, 'utf8')) as User;
      const isHere = user.host === hostname();
      if (isHere ? isAlive(user.pid) && quietMs < forgottenMs : quietMs < silentMs) users.push(user);
      else await rm(path, { force: true });
    } catch {
      // Gone meanwhile, or written by a process that was killed as it wrote: not one that reads samples.
    }
  }
  return users;
}

/** All folders of kept samples below `root`, least recently used first. */
export async function findSampleFolders(root: string): Promise<FoundFolder[]> {
  const found: FoundFolder[] = [];
  for (const key of await readdir(root).catch(() => [])) {
    const folder = join(root, key);
    const about = await stat(aboutIn(folder)).catch(() => null);
    const users = await usersOf(folder);
    let bytes = 0;
    for (const name of await readdir(folder).catch(() => [])) {
      const file = await stat(join(folder, name)).catch(() => null);
      if (file?.isFile()) bytes += file.blocks * 512;
    }
    found.push({
      key,
      bytes,
      granted: Math.max(0, ...users.map((user) => user.bytes)),
      isUsed: users.length > 0,
      usedAtMs: about?.mtimeMs ?? 0,
    });
  }
  return found.sort((a, b) => a.usedAtMs - b.usedAtMs);
}

/** Removes a folder unless somebody has begun to use it. */
export async function removeSampleFolder(root: string, key: string): Promise<void> {
  const folder = join(root, key);
  if ((await usersOf(folder)).length > 0) return;
  // Renamed first: whoever comes now begins an empty one.
  const gone = join(root, `${key}.gone-${randomUUID()}`);
  await rename(folder, gone).catch(() => undefined);
  await rm(gone, { recursive: true, force: true });
}

/** A folder that is being used, and stays until it is closed. */
export interface UsedFolder {
  readonly path: string;
  /** Whether other processes use it too. */
  readonly isShared: boolean;
  close(): Promise<void>;
}

/**
 * Takes hold of the folder of a key, made where there is none: it is not removed to make room as long as this process
 * lives.
 *
 * @param about what it is of, for people who look into it
 * @param bytes it may be filled to
 * @param onRemoved called when it was removed all the same, as by hand; it is there again by then
 */
export async function useSampleFolder(
  root: string,
  key: string,
  about: object,
  bytes: number,
  onRemoved: () => void,
): Promise<UsedFolder> {
  const path = join(root, key);
  const isShared = (await usersOf(path)).length > 0;
  const own = join(usersIn(path), `${process.pid}-${randomUUID()}`);
  const enter = async () => {
    await mkdir(usersIn(path), { recursive: true });
    const user: User = { pid: process.pid, host: hostname(), bytes };
    await writeFile(own, JSON.stringify(user));
    await writeFile(aboutIn(path), `${JSON.stringify(about, null, 2)}\n`, { flag: 'wx' }).catch(() => undefined);
    await beat();
  };
  const beat = async () => {
    const now = new Date();
    await utimes(own, now, now);
    await utimes(aboutIn(path), now, now);
  };
  await enter();
  const timer = setInterval(() => {
    beat().catch(() =>
      enter().then(onRemoved, () => {
        // The disk cannot be written, which whoever keeps samples there hears too.
      }),
    );
  }, beatMs);
  timer.unref();
  return {
    path,
    isShared,
    async close() {
      clearInterval(timer);
      await beat().catch(() => undefined);
      await rm(own, { force: true }).catch(() => undefined);
    },
  };
}
