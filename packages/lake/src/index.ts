export {
  type ImportOptions,
  type ImportProgress,
  type ImportReport,
  importDataset,
  importPicture,
  type NewPicture,
} from './import.js';
export {
  openPicturePool,
  type PicturePool,
  type PicturePoolOptions,
  type RawPath,
  type StowedPicture,
} from './ingest/picture-pool.js';
export {
  getMedia,
  listMedia,
  type MediaAnnotation,
  type MediaClass,
  type MediaItem,
  type MediaLabelMap,
  type MediaPage,
  type MediaQuery,
} from './media.js';
export {
  countsByClass,
  createProject,
  ensureProject,
  getProject,
  listProjects,
  type Project,
  type ProjectClass,
} from './project.js';
export { createSampleProject, SAMPLE_PROJECT, type SampleOptions } from './sample.js';
export {
  createSnapshot,
  getSnapshot,
  listSnapshots,
  type ManifestPicture,
  readManifest,
  type Snapshot,
  type SnapshotOptions,
} from './snapshot.js';
export { assignSplits, type Split, type SplitCandidate } from './split.js';
export { readThumbnail, thumbnailMediaType } from './thumbnail.js';
