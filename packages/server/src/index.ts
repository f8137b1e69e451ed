export { type AppOptions, createApp } from './app.js';
export { type RunningServer, type ServerOptions, startServer } from './server.js';
export type { Services } from './services.js';
export { version } from './version.js';
