export type { Confusion } from './confusion.js';
export { type ClassMetrics, type DetectionMetrics, evaluateDetections } from './detection.js';
export type { EvalPicture, EvalPrediction, EvalTruth } from './detection-input.js';
