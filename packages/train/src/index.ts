export { readCheckpoint, writeCheckpoint } from './checkpoint.js';
export { chooseInputSize } from './detection/input-size.js';
export { detectorStepGraph } from './detection/step-graph.js';
export { TrainError } from './error.js';
export { type ExecuteOptions, executeRun } from './execute.js';
export type { RunProgress } from './progress.js';
export { defaultTimeLimitSeconds, type TrainRequest } from './request.js';
export { submitRun } from './submit.js';
