export type { Capability } from './capability.js';
export { checkBoxes } from './check-boxes.js';
export type {
  ExportDataset,
  ExportPicture,
  FormatName,
  LabelledPicture,
  ParsedDataset,
  ParseOptions,
  Place,
  Problem,
  SourcedAnnotation,
  WriteReport,
} from './dataset.js';
export { getCapability } from './formats.js';
export {
  countLabels,
  decodeLabelMap,
  encodeLabelMap,
  type LabelMap,
  loadLabelMap,
  loadLabelMapFile,
  MAX_LABEL_CLASSES,
  mapLabels,
  UNLABELLED,
} from './label-map.js';
export { loadLabelMapBytes, loadPicture } from './load-picture.js';
export { FORMAT_NAMES } from './names.js';
export { detectFormat, parseDataset } from './parse-dataset.js';
export { type WriteOptions, writeDataset } from './write-dataset.js';
