export { type Calibration, type CalibrationBin, computeCalibration } from './calibration.js';
export {
  type ClassificationClassMetrics,
  type ClassificationCurves,
  type ClassificationEvaluation,
  type ClassificationMetrics,
  evaluateClassification,
  type PrecisionRecallF1,
} from './classification.js';
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
export { type EmbeddingEvaluation, type EmbeddingMetrics, evaluateEmbeddings } from './embedding.js';
export {
  averagePrecisionOf,
  type PrecisionRecallCurve,
  precisionRecallCurve,
  type RocCurve,
  rocAuc,
  rocCurve,
  type Sweep,
  sweep,
} from './ranking.js';
export type { RetrievalMetrics } from './retrieval.js';
export {
  addLabelCounts,
  countLabels,
  createLabelCounts,
  evaluateSegmentation,
  type LabelCounts,
  type SegmentationClassMetrics,
  type SegmentationMetrics,
  UNLABELLED,
} from './segmentation.js';
export { evaluateVerification, type TarAtFar, type VerificationMetrics } from './verification.js';
