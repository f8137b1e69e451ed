export { type ExitCode, main } from './main.js';
export { createProgram, type Perform } from './program.js';
