export * from './box-mistakes.js';
export * from './class-mistakes.js';
export * from './embed.js';
export * from './embedder.js';
export * from './label-mistakes.js';
export { computeMap, computeProjectMap, type MapOptions, type ProjectMap } from './map.js';
export * from './near-duplicates.js';
export * from './neighbour-graph.js';
export * from './outliers.js';
export * from './pixel-descriptor.js';
export * from './predict.js';
export type {
  OverPicturesOptions,
  PictureProblem,
  PictureProgress,
  PictureReport,
  ProjectPicture,
} from './project-pictures.js';
export * from './similar.js';
