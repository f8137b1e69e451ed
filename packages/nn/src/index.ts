export * from './graph-layer.js';
export * from './initializers.js';
export * from './layers.js';
export * from './losses/giou.js';
export * from './losses/quality-focal.js';
export * from './parameters.js';
