export * from './execution-order.js';
export * from './gradients.js';
export * from './rule.js';
