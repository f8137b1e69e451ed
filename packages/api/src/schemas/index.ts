export * from './error.js';
export * from './geometry.js';
export * from './job.js';
export * from './media.js';
export * from './model.js';
export * from './project.js';
export * from './run.js';
export * from './snapshot.js';
