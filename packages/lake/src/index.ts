export { type ActionReport, changeMedia, type MediaAction, undoAction } from './change-media.js';
export { exportArchive } from './export-archive.js';
export { type ExportOptions, exportDataset } from './export-dataset.js';
export { collectGarbage, type GarbageOptions, type GarbageProgress, type GarbageReport } from './garbage/collect.js';
export type { Amount } from './garbage/files.js';
export {
  type ImportOptions,
  type ImportProgress,
  type ImportReport,
  importDataset,
  importPicture,
  type NewPicture,
} from './import.js';
export { type IngestOptions, ingest, type WatchReport, type WatchSourceOptions, watchSource } from './ingest/ingest.js';
export {
  openPicturePool,
  type PicturePool,
  type PicturePoolOptions,
  type RawPath,
  type StowedPicture,
} from './ingest/picture-pool.js';
export type { IngestProgress, IngestReport } from './ingest/tally.js';
export {
  getMedia,
  loadMediaItems,
  type MediaAnnotation,
  type MediaClass,
  type MediaItem,
  type MediaLabelMap,
} from './media.js';
export { getMediaFacts, type MediaFacts } from './media-facts.js';
export { listAspects, listMedia, type MediaPage, type MediaQuery } from './media-page.js';
export { withMirror } from './mirror/mirrors.js';
export { createUnion, groupNearDuplicates, type NearDuplicateOptions } from './near-duplicates.js';
export {
  countsByClass,
  createProject,
  ensureProject,
  getProject,
  listProjects,
  type Project,
  type ProjectClass,
  projectIdOf,
} from './project.js';
export { countFacets, type FacetRange, type Facets, type FacetValue } from './query/facets.js';
export type { MediaFilter, Place as GeoArea, Range } from './query/filter.js';
export { type MediaSort, type Selection, selectionSql, selectMedia } from './query/selection.js';
export {
  EXPORT_FORMATS,
  type ExportFormat,
  exportQuery,
  QUERY_TABLES,
  type QueryOptions,
  type QueryResult,
  runQuery,
} from './query/sql.js';
export { computeStatistics, type DatasetStatistics, type Histogram } from './query/statistics.js';
export { hasMissingFacts, type RebuildOptions, type RebuildReport, readMissingFacts, rebuildLake } from './rebuild.js';
export { createSampleProject, SAMPLE_PROJECT, type SampleOptions } from './sample.js';
export {
  type CreatedSnapshot,
  createSnapshot,
  findSnapshot,
  listSnapshots,
  loadManifest,
  readManifest,
  type Snapshot,
  type SnapshotOptions,
  type SnapshotQuery,
} from './snapshot.js';
export {
  type ClassAmount,
  type ClassDifference,
  compareSnapshots,
  DIFFERENCE_KINDS,
  type DifferenceKind,
  listDifference,
  type PictureDifference,
  type SnapshotComparison,
} from './snapshots/compare.js';
export { deleteSnapshot, getSnapshot, type SnapshotLineage, type SnapshotRun } from './snapshots/lineage.js';
export { type ManifestRange, withManifestFile } from './snapshots/manifest-file.js';
export type { LabelChange } from './snapshots/match.js';
export type { ManifestAnnotation, ManifestPicture } from './snapshots/picture.js';
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
export { readThumbnail, thumbnailMediaType } from './thumbnail.js';
export type { VectorBatch } from './vectors/copy-vectors.js';
export {
  deleteEmbeddings,
  type EmbeddingModel,
  listEmbeddingModels,
  type NewEmbedding,
  type ReadEmbeddingsOptions,
  readEmbeddings,
  writeEmbeddings,
} from './vectors/embeddings.js';
export type { IndexState } from './vectors/vector-index.js';
export {
  openVectorIndexes,
  type SearchOptions,
  type SimilarMedia,
  type VectorIndexes,
  type VectorIndexesOptions,
} from './vectors/vector-indexes.js';
export { frameAddress } from './video/frame-address.js';
export { loadFrame } from './video/frame-cache.js';
export {
  type IngestVideoOptions,
  type IngestVideoProgress,
  type IngestVideoReport,
  ingestVideo,
  type NewVideo,
} from './video/ingest-video.js';
export { getVideo, listVideos, type Video } from './video/list-videos.js';
export { type MediaSource, mediaFile } from './video/media-file.js';
export {
  encodeFrame,
  type SampledFrame,
  type SampleVideoOptions,
  sampleVideo,
  type VideoSampling,
} from './video/sample-video.js';
