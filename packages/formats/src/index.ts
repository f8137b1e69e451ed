export { checkBoxes } from './check-boxes.js';
export type {
  FormatName,
  LabelledPicture,
  ParsedDataset,
  ParseOptions,
  Place,
  Problem,
  SourcedAnnotation,
} from './dataset.js';
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
export { detectFormat, FORMAT_NAMES, parseDataset } from './parse-dataset.js';
