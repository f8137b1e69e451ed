import type { Readable } from 'node:stream';
import { StoreError } from './error.js';

/** What {@link BlobStore.put} says it stored. */
export interface StoredBlob {
  /** SHA-256 of the bytes, 64 lower-case hexadecimal digits: the blob's name. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** A blob as a listing has it. */
export interface BlobEntry extends StoredBlob {
  /** When it was last stored, to some minutes: what is stored again counts as new, see {@link REFRESH_MS}. */
  readonly storedAt: Date;
}

/** Bytes to store: in memory, a file's path, or a stream. */
export type BlobSource = Uint8Array | string | Readable;

/**
 * Content-addressed bytes: what has the same SHA-256 is stored once, and never changes.
 *
 * All throw StoreError `unknown_blob` for what is no SHA-256, and, where the bytes lie on S3, `storage_unreachable`,
 * `storage_denied`, `storage_no_bucket` or `storage_failed`.
 */
export interface BlobStore {
  /** Where the blobs lie, for people: a folder or an `s3://` URL, without secrets. */
  readonly place: string;
  /** How many bytes may lie on this machine at a time; infinite where all do. */
  readonly localBytes: number;
  /**
   * Stores bytes; the same bytes twice are stored once. They are on disk (fsync), or the storage has said that it has
   * them, before this answers.
   *
   * @throws StoreError `disk_full` or `home_not_writable`; nothing half-written is left under a blob's name.
   */
  put(source: BlobSource): Promise<StoredBlob>;
  /**
   * A file of this machine with the blob's bytes, to be opened soon and not to be written. Where blobs lie on S3 it is a
   * copy, checked when it came, that gives way to others in time; what holds it open keeps it.
   *
   * @throws StoreError `unknown_blob`, `damaged_blob`, `disk_full`, `home_not_writable`
   */
  localPath(sha256: string): Promise<string>;
  has(sha256: string): Promise<boolean>;
  /** The blob's bytes. @throws StoreError `unknown_blob`; `damaged_blob` where they do not have this SHA-256. */
  read(sha256: string): Promise<Uint8Array>;
  /** Removes the blob; nothing happens where it does not exist. */
  delete(sha256: string): Promise<void>;
  /** All blobs, some at a time, in no order. What comes or goes meanwhile may be in it or not. */
  list(): AsyncGenerator<BlobEntry[]>;
  /**
   * Removes the blob unless it was stored since, by whichever process: who stores bytes that are there already finds them
   * there afterwards. On S3, between the last look and the removal lies one request.
   *
   * @param before - an hour ago at the latest, see {@link REFRESH_MS}
   * @returns whether it was removed
   */
  deleteUnused(sha256: string, before: Date): Promise<boolean>;
}

/**
 * Bytes that are stored while they are there already count as stored anew where the last time is this long ago; so from
 * when `put` answers, bytes are safe from {@link BlobStore.deleteUnused} for the rest of its hour, 40 minutes.
 */
export const REFRESH_MS = 20 * 60_000;

const SHA256 = /^[0-9a-f]{64}$/;

/** @throws StoreError `unknown_blob` for what is no SHA-256 */
export function assertSha256(sha256: string): void {
  if (SHA256.test(sha256)) return;
  throw new StoreError('unknown_blob', `"${sha256}" is no SHA-256: 64 lower-case hexadecimal digits are expected.`);
}

/** The error for a blob that is not there. */
export function unknownBlob(sha256: string, place: string, cause?: unknown): StoreError {
  const hint = 'Were files removed by hand, or does FOVEA_BLOBS_URL name another place than before?';
  return new StoreError('unknown_blob', `No blob ${sha256} in ${place}. ${hint}`, { sha256 }, { cause });
}

/** The error for a blob whose bytes are not those of its name. */
export function damagedBlob(sha256: string, place: string): StoreError {
  const sentence =
    `The blob ${sha256} in ${place} is damaged: its bytes have another SHA-256. ` +
    'Remove it and bring its picture or file again.';
  return new StoreError('damaged_blob', sentence, { sha256 });
}
