import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { assertSha256, type BlobSource, type BlobStore, damagedBlob, type StoredBlob, unknownBlob } from './blob.js';
import { assertRoom, draftPath, syncFolder, writeDraft } from './draft.js';
import { storageError, systemCode } from './error.js';

/**
 * Opens a content-addressed folder: `blobs/ab/cdef…` below `home`, files in the making in `tmp`.
 *
 * Any number of processes may write at once: each writes its own file, flushes it, and renames it to the blob's name;
 * where two race, both bring the same bytes.
 */
export function openFolderBlobs(home: string): BlobStore {
  const root = join(home, 'blobs');

  const pathOf = (sha256: string): string => {
    assertSha256(sha256);
    return join(root, sha256.slice(0, 2), sha256.slice(2));
  };

  const has = async (sha256: string): Promise<boolean> => {
    const found = await stat(pathOf(sha256)).catch(() => undefined);
    return found?.isFile() ?? false;
  };

  const put = async (source: BlobSource): Promise<StoredBlob> => {
    if (source instanceof Uint8Array) {
      const sha256 = createHash('sha256').update(source).digest('hex');
      if (await has(sha256)) return { sha256, sizeBytes: source.byteLength };
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
  };
}

const durableFolders = new Set<string>();

/** Makes a folder and flushes its parent, once a process; a folder that is removed later is made again by the caller's retry. */
async function makeDurableFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true });
  if (made !== undefined || !durableFolders.has(folder)) await syncFolder(dirname(folder));
  durableFolders.add(folder);
}
