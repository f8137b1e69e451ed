/** What browsers and the command line import: types, the client and its events. The schemas are in `@fovea/api/routes`. */
export * from './client.js';
export * from './error.js';
export * from './events.js';
export type { Paths } from './paths.js';
export type * from './resources.js';
