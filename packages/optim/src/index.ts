export * from './optimizer/index.js';
export * from './schedule.js';
