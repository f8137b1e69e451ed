export { lookupPublic, privateKindOf } from './address.js';
export { isItemFailure } from './item-failure.js';
export { openSource, type WatchableSource } from './open-source.js';
export { describeUrl, type Fetched, type SafeFetchOptions, safeFetch } from './safe-fetch.js';
export {
  DEFAULT_LIMITS,
  type MediaKind,
  type Source,
  type SourceItem,
  type SourceLimits,
  type SourceOptions,
} from './source.js';
export { type FolderChanges, type WatchOptions, watchFolder } from './watch-folder.js';
