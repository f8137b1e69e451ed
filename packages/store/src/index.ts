export { type BlobEntry, type BlobSource, type BlobStore, REFRESH_MS, type StoredBlob } from './blob.js';
export { openBlobStore } from './blob-store.js';
export { type BlobWriter, openBlobWriter } from './blob-writer.js';
export { StoreError, storageError, systemCode } from './error.js';
export { restoreCondemned } from './folder-blobs.js';
export {
  type Database,
  type DatabaseClient,
  explainFailure,
  type Home,
  type OpenHomeOptions,
  openHome,
} from './home.js';
export { stopDatabase } from './postgres/server.js';
export { isAlive } from './process.js';
export * from './s3/index.js';
export * from './schema/index.js';
export * as schema from './schema/index.js';
