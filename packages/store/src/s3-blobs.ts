import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import {
  assertSha256,
  type BlobSource,
  type BlobStore,
  damagedBlob,
  REFRESH_MS,
  type StoredBlob,
  unknownBlob,
} from './blob.js';
import { openBlobCache } from './blob-cache.js';
import { assertRoom, draftPath, writeDraft } from './draft.js';
import { StoreError, storageError } from './error.js';
import { openS3Client, type S3ClientOptions } from './s3/client.js';
import { describeS3, getS3Credentials, parseS3Url } from './s3/location.js';

/** Options of blobs on S3. */
export interface S3BlobsOptions {
  /** Bytes of the copies kept in the home's `cache/blobs`; default `FOVEA_BLOBS_CACHE_GB`, else 10 GB. */
  readonly cacheBytes?: number;
  /** Where keys, region and endpoint are looked up; default the process's environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** How long to wait, and how large parts are. */
  readonly client?: Pick<S3ClientOptions, 'idleMs' | 'retryMs' | 'partBytes' | 'lookup'>;
}

const DEFAULT_CACHE_GB = 10;
const STALE_UPLOAD_MS = 24 * 3600_000;

/**
 * Opens blobs below a prefix of a bucket: `<prefix>/ab/cdef…`, by SHA-256. An object is there whole or not at all, so a
 * writer that is killed leaves nothing under a blob's name; parts of an upload that was never finished are removed a day
 * later by whoever uploads in parts next.
 *
 * Files are read through a cache in the home, see `BlobStore.localPath`. What comes from the storage is held against its
 * SHA-256.
 *
 * @throws StoreError `bad_storage_url`, `bad_credentials`
 */
export function openS3Blobs(home: string, url: string, options: S3BlobsOptions = {}): BlobStore {
  const { env = process.env } = options;
  const location = parseS3Url(url, env);
  const credentials = getS3Credentials(env);
  if (credentials === undefined) {
    throw new StoreError(
      'bad_credentials',
      `Fovea's bytes are to lie at ${describeS3(location, location.prefix)}, but no keys are set: ` +
        'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    );
  }
  const client = openS3Client({ location, credentials, ...options.client });
  const cache = openBlobCache(home, options.cacheBytes ?? cacheBytesOf(env.FOVEA_BLOBS_CACHE_GB));
  const root = location.prefix.replace(/\/+$/, '');
  const place = describeS3(location, root);
  const coming = new Map<string, Promise<string>>();
  let sweptUploads: Promise<unknown> | undefined;

  const keyOf = (sha256: string): string => {
    assertSha256(sha256);
    return `${root === '' ? '' : `${root}/`}${sha256.slice(0, 2)}/${sha256.slice(2)}`;
  };

  const has = async (sha256: string): Promise<boolean> => (await client.head(keyOf(sha256))) !== undefined;

  /** Whether it is there and was stored so lately that it stays; what is older is stored again, which makes it new. */
  async function isFresh(sha256: string): Promise<boolean> {
    const found = await client.head(keyOf(sha256));
    return found !== undefined && Date.now() - found.storedAt.getTime() < REFRESH_MS;
  }

  async function put(source: BlobSource): Promise<StoredBlob> {
    if (source instanceof Uint8Array) {
      const stored = { sha256: createHash('sha256').update(source).digest('hex'), sizeBytes: source.byteLength };
      if (!(await isFresh(stored.sha256))) await client.put(keyOf(stored.sha256), source, { sha256: stored.sha256 });
      return stored;
    }
    // Its name is known when all of it was seen, and a file may change while it is sent: so a copy is sent.
    const draft = draftPath(home);
    try {
      await assertRoom(home, 0);
      const stored = await writeDraft(draft, source, home);
      if (!(await isFresh(stored.sha256))) {
        sweptUploads ??= client
          .abortUploads(`${root === '' ? '' : `${root}/`}`, STALE_UPLOAD_MS)
          .catch(() => undefined);
        await sweptUploads;
        await client.put(keyOf(stored.sha256), { path: draft, sizeBytes: stored.sizeBytes }, { sha256: stored.sha256 });
      }
      await cache.adopt(draft, stored.sha256, stored.sizeBytes);
      return stored;
    } catch (error) {
      throw storageError(error, home);
    } finally {
      await rm(draft, { force: true }).catch(() => undefined);
    }
  }

  async function load(sha256: string): Promise<string> {
    const draft = draftPath(home);
    try {
      const { body, sizeBytes } = await open(sha256);
      try {
        await cache.makeRoom(sizeBytes);
      } catch (error) {
        body.destroy();
        throw error;
      }
      const got = await writeDraft(draft, body, home);
      if (got.sha256 !== sha256) throw damagedBlob(sha256, place);
      return await cache.adopt(draft, sha256, sizeBytes);
    } catch (error) {
      throw storageError(error, home);
    } finally {
      await rm(draft, { force: true }).catch(() => undefined);
    }
  }

  async function open(sha256: string) {
    try {
      return await client.get(keyOf(sha256));
    } catch (error) {
      if (error instanceof StoreError && error.code === 'unknown_object') throw unknownBlob(sha256, place, error);
      throw error;
    }
  }

  const isWhole = (bytes: Uint8Array, sha256: string) => createHash('sha256').update(bytes).digest('hex') === sha256;

  return {
    place,
    localBytes: cache.maxBytes,
    put,
    has,
    localPath: async (sha256) => {
      assertSha256(sha256);
      const known = await cache.find(sha256);
      if (known !== undefined) return known;
      const under = coming.get(sha256);
      if (under !== undefined) return under;
      const loading = load(sha256).finally(() => coming.delete(sha256));
      coming.set(sha256, loading);
      return loading;
    },
    read: async (sha256) => {
      assertSha256(sha256);
      const known = await cache.find(sha256);
      const copy = known === undefined ? undefined : await readFile(known).catch(() => undefined);
      if (copy !== undefined && isWhole(copy, sha256)) return copy;
      if (copy !== undefined) await cache.remove(sha256);
      const { body } = await open(sha256);
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk as Uint8Array);
      const bytes = Buffer.concat(chunks);
      if (!isWhole(bytes, sha256)) throw damagedBlob(sha256, place);
      return bytes;
    },
    delete: async (sha256) => {
      await client.delete(keyOf(sha256));
      await cache.remove(sha256);
    },
    list: async function* () {
      const prefix = root === '' ? '' : `${root}/`;
      for await (const objects of client.list(prefix)) {
        yield objects.flatMap(({ key, sizeBytes, storedAt }) => {
          const [, folder, rest] = /^([0-9a-f]{2})\/([0-9a-f]{62})$/.exec(key.slice(prefix.length)) ?? [];
          return folder === undefined ? [] : [{ sha256: folder + rest, sizeBytes, storedAt }];
        });
      }
    },
    deleteUnused: async (sha256, before) => {
      const found = await client.head(keyOf(sha256));
      if (found === undefined || found.storedAt >= before) return false;
      await client.delete(keyOf(sha256));
      await cache.remove(sha256);
      return true;
    },
  };
}

/** @throws StoreError `bad_setting` for what is no number of gigabytes */
function cacheBytesOf(text: string | undefined): number {
  const gigabytes = text === undefined || text === '' ? DEFAULT_CACHE_GB : Number(text);
  if (gigabytes > 0) return gigabytes * 1e9;
  throw new StoreError('bad_setting', `FOVEA_BLOBS_CACHE_GB is "${text}"; a number of gigabytes over 0 is expected.`);
}
