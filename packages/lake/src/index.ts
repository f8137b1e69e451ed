export {
  type ImportOptions,
  type ImportProgress,
  type ImportReport,
  importDataset,
  importPicture,
  type NewPicture,
} from './import.js';
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
export {
  DEFAULT_LIMITS,
  describeUrl,
  type Fetched,
  type FolderChanges,
  isItemFailure,
  lookupPublic,
  type MediaKind,
  openSource,
  privateKindOf,
  type SafeFetchOptions,
  type Source,
  type SourceItem,
  type SourceLimits,
  type SourceOptions,
  safeFetch,
  type WatchableSource,
  type WatchOptions,
  watchFolder,
} from './sources/index.js';
export { assignSplits, type Split, type SplitCandidate } from './split.js';
export { readThumbnail, THUMBNAIL_SIDE } from './thumbnail.js';
