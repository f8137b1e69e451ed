export * from './adam-w.js';
export * from './schedule.js';
