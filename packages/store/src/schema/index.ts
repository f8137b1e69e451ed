export * from './lake.js';
export * from './model.js';
export * from './project.js';
export * from './run.js';
