export * from './detector/architecture.js';
export * from './detector/config.js';
export * from './detector/decode.js';
export * from './detector/export.js';
export * from './detector/open.js';
export * from './detector/spec.js';
