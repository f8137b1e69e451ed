export * from './gradients.js';
export * from './rule.js';
