import { createHash } from 'node:crypto';
import { mkdir, opendir, readdir, readFile, rename, rm, stat, unlink, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  assertSha256,
  type BlobEntry,
  type BlobSource,
  type BlobStore,
  damagedBlob,
  REFRESH_MS,
  type StoredBlob,
  unknownBlob,
} from './blob.js';
import { assertRoom, draftPath, syncFolder, writeDraft } from './draft.js';
import { storageError, systemCode } from './error.js';
import { isAlive } from './process.js';

/** Where a home's own folder has a blob, whether or not it does. @throws StoreError `unknown_blob` for what is no SHA-256 */
export function blobPath(home: string, sha256: string): string {
  assertSha256(sha256);
  return join(home, 'blobs', sha256.slice(0, 2), sha256.slice(2));
}

/**
 * Opens a content-addressed folder: `blobs/ab/cdef…` below `home`, files in the making in `tmp`.
 *
 * Any number of processes may write at once: each writes its own file, flushes it, and renames it to the blob's name;
 * where two race, both bring the same bytes.
 */
export function openFolderBlobs(home: string): BlobStore {
  const root = join(home, 'blobs');

  const pathOf = (sha256: string): string => blobPath(home, sha256);

  const has = async (sha256: string): Promise<boolean> => {
    const found = await stat(pathOf(sha256)).catch(() => undefined);
    return found?.isFile() ?? false;
  };

  const put = async (source: BlobSource): Promise<StoredBlob> => {
    if (source instanceof Uint8Array) {
      const sha256 = createHash('sha256').update(source).digest('hex');
      if (await refresh(pathOf(sha256))) return { sha256, sizeBytes: source.byteLength };
    }
    const draft = draftPath(home);
    try {
      await assertRoom(home, source instanceof Uint8Array ? source.byteLength : 0);
      const stored = await writeDraft(draft, source, home);
      const target = pathOf(stored.sha256);
      await makeDurableFolder(dirname(target));
      await rename(draft, target);
      await syncFolder(dirname(target));
      return stored;
    } catch (error) {
      await rm(draft, { force: true }).catch(() => undefined);
      throw storageError(error, home);
    }
  };

  return {
    place: root,
    localBytes: Number.POSITIVE_INFINITY,
    put,
    has,
    localPath: async (sha256) => {
      if (!(await has(sha256))) throw unknownBlob(sha256, root);
      return pathOf(sha256);
    },
    read: async (sha256) => {
      const bytes = await readFile(pathOf(sha256)).catch((error: unknown) => {
        if (systemCode(error) !== 'ENOENT') throw error;
        throw unknownBlob(sha256, root, error);
      });
      if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw damagedBlob(sha256, root);
      return bytes;
    },
    delete: async (sha256) => {
      await unlink(pathOf(sha256)).catch((error: unknown) => {
        if (systemCode(error) !== 'ENOENT') throw storageError(error, home);
      });
    },
    list: () => listFolder(root),
    deleteUnused: (sha256, before) => deleteUnused(home, pathOf(sha256), sha256, before),
  };
}

/** Whether a blob is there, which then counts as stored now. */
async function refresh(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) return false;
  const now = new Date();
  if (now.getTime() - found.mtimeMs < REFRESH_MS) return true;
  // It may have gone since.
  return utimes(path, now, now).then(
    () => true,
    () => false,
  );
}

const LISTED_AT_ONCE = 256;

async function* listFolder(root: string): AsyncGenerator<BlobEntry[]> {
  for (const folder of (await readdir(root)).filter((name) => /^[0-9a-f]{2}$/.test(name))) {
    const names = await opendir(join(root, folder), { bufferSize: LISTED_AT_ONCE }).catch(() => undefined);
    if (names === undefined) continue;
    let some: string[] = [];
    for await (const { name } of names) {
      if (!/^[0-9a-f]{62}$/.test(name)) continue;
      some.push(name);
      if (some.length < LISTED_AT_ONCE) continue;
      yield await entriesOf(root, folder, some);
      some = [];
    }
    if (some.length > 0) yield await entriesOf(root, folder, some);
  }
}

async function entriesOf(root: string, folder: string, names: readonly string[]): Promise<BlobEntry[]> {
  const found = await Promise.all(
    names.map(async (name): Promise<BlobEntry | undefined> => {
      const file = await stat(join(root, folder, name)).catch(() => undefined);
      return file?.isFile() ? { sha256: folder + name, sizeBytes: file.size, storedAt: file.mtime } : undefined;
    }),
  );
  return found.filter((entry) => entry !== undefined);
}

/**
 * The file is moved aside before its time is looked at for the last time. Who stored the same bytes before that has made
 * it young, so it is moved back; who comes after finds no file and writes one.
 */
async function deleteUnused(home: string, path: string, sha256: string, before: Date): Promise<boolean> {
  const aside = join(home, 'tmp', `condemned-${process.pid}-${sha256}`);
  try {
    const found = await stat(path);
    if (!found.isFile() || found.mtimeMs >= before.getTime()) return false;
    await rename(path, aside);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw storageError(error, home);
  }
  const moved = await stat(aside).catch(() => undefined);
  if (moved === undefined) return false;
  if (moved.mtimeMs >= before.getTime()) {
    await putBack(home, aside, sha256);
    return false;
  }
  await unlink(aside).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw storageError(error, home);
  });
  return true;
}

async function putBack(home: string, aside: string, sha256: string): Promise<void> {
  const target = join(home, 'blobs', sha256.slice(0, 2), sha256.slice(2));
  const now = new Date();
  await utimes(aside, now, now);
  await mkdir(dirname(target), { recursive: true });
  await rename(aside, target);
}

/** Puts back what a process moved aside that was killed before it decided: the next collection decides anew. */
export async function restoreCondemned(home: string): Promise<void> {
  for (const name of await readdir(join(home, 'tmp'))) {
    const [, writer, sha256] = /^condemned-(\d+)-([0-9a-f]{64})$/.exec(name) ?? [];
    if (sha256 === undefined || isAlive(Number(writer))) continue;
    await putBack(home, join(home, 'tmp', name), sha256).catch((error: unknown) => {
      // Another process put it back.
      if (systemCode(error) !== 'ENOENT') throw storageError(error, home);
    });
  }
}

const durableFolders = new Set<string>();

/** Makes a folder and flushes its parent, once a process; a folder that is removed later is made again by the caller's retry. */
async function makeDurableFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true });
  if (made !== undefined || !durableFolders.has(folder)) await syncFolder(dirname(folder));
  durableFolders.add(folder);
}
