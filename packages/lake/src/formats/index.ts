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
export { detectFormat, FORMAT_NAMES, parseDataset } from './parse-dataset.js';
