export { type Batcher, type BatcherOptions, createBatcher } from './batcher.js';
export { refuseForeignOption } from './foreign-option.js';
export {
  createServing,
  type PredictOptions,
  type ServedPrediction,
  type Serving,
  type ServingOptions,
} from './serving.js';
export { createWarmPool, type WarmPool, type WarmPoolOptions } from './warm-pool.js';
