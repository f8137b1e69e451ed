export * from './error.js';
export * from './graph-layer.js';
export * from './initializers.js';
export * from './layers/index.js';
export * from './losses/index.js';
export * from './parameters.js';
