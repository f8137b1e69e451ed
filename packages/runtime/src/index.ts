export { createSession, type Session, type SessionOptions, type Tensors } from './session.js';
export { openWorkerSession } from './worker-session.js';
