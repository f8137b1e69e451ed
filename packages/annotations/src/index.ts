export type { BoxAnnotation, Detection } from './annotation.js';
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
export { FoveaError } from './error.js';
export { nms } from './nms.js';
