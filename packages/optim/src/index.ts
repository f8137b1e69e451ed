export * from './adam-w.js';
export * from './optimizer/index.js';
export * from './schedule.js';
