export * from './add-graph.js';
export * from './builder.js';
export * from './codec.js';
export * from './error.js';
export { evaluateNode, foldedOperators } from './fold/index.js';
export * from './graph.js';
export { inferOutputs, inferredOperators } from './infer/index.js';
export { broadcastShapes, normalizeAxis } from './infer/rule.js';
export * from './tensor.js';
