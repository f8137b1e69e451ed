import type { BlobStore } from './blob.js';
import { openFolderBlobs } from './folder-blobs.js';
import { openS3Blobs, type S3BlobsOptions } from './s3-blobs.js';

/**
 * Opens the blobs of a home: its folder `blobs`, or S3-compatible storage.
 *
 * @param url `s3://bucket/prefix?endpoint=…&region=…`, see `parseS3Url`; default the folder
 * @throws StoreError `bad_storage_url`, `bad_credentials`
 */
export function openBlobStore(home: string, url?: string | null, options: S3BlobsOptions = {}): BlobStore {
  return url ? openS3Blobs(home, url, options) : openFolderBlobs(home);
}
