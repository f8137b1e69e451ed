export type { BoxAnnotation, Detection, ObjectShape, RotatedBox, Skeleton } from './annotation.js';
export {
  area,
  type Cxcywh,
  clipBox,
  cxcywhToXyxy,
  intersection,
  iou,
  type Xywh,
  type Xyxy,
  xywhToXyxy,
  xyxyToCxcywh,
  xyxyToXywh,
} from './box.js';
export { classColor } from './class-color.js';
export { type CocoRle, maskFromCoco, maskToCoco, packRuns, unpackRuns } from './coco-rle.js';
export { type ClassColour, colourLabelMap } from './colour-label-map.js';
export { FoveaError } from './error.js';
export {
  LABEL_STATES,
  type LabelState,
  RANGE_FIELDS,
  type RangeField,
  SORT_FIELDS,
  type SortField,
} from './filter-words.js';
export { groupBy } from './group-by.js';
export { COCO_SIGMAS, type Keypoints, type KeypointTruth, oks } from './keypoints.js';
export {
  createMask,
  decodeMask,
  encodeMask,
  intersectionArea,
  MAX_DECODED_PIXELS,
  MAX_MASK_PIXELS,
  type Mask,
  maskArea,
  maskBox,
  maskIou,
  mergeMasks,
} from './mask.js';
export { nms } from './nms.js';
export { type Polygon, polygonArea, polygonBox, polygonIou, polygonsToMask } from './polygon.js';
