export { type Device, type DeviceName, deviceNames, listDevices } from './device.js';
export { createSession, type Session, type SessionOptions, type Tensors } from './session.js';
export { openWorkerSession } from './worker-session.js';
