export * from './add-graph.js';
export * from './builder.js';
export * from './codec.js';
export * from './error.js';
export { evaluateNode, foldedOperators } from './fold/index.js';
export * from './graph.js';
export * from './infer/index.js';
export * from './tensor.js';
export { supportedOpsets, upgradeModel, workingOpset } from './upgrade/index.js';
