export {
  type CocoClassMetrics,
  type CocoEvaluation,
  type CocoFigures,
  type CocoKeypointFigures,
  type CocoMetrics,
  evaluateCoco,
} from './coco.js';
export {
  type CocoAnnotation,
  type CocoGroundTruth,
  type CocoId,
  type CocoImage,
  type CocoProblem,
  type CocoResult,
  type CocoSegmentation,
  detectIouType,
  IOU_TYPES,
  type IouType,
} from './coco-data.js';
export type { Confusion } from './confusion.js';
export { type ClassMetrics, type DetectionMetrics, evaluateDetections } from './detection.js';
export type { EvalPicture, EvalPrediction, EvalTruth } from './detection-input.js';
