export type { VideoFrame } from './frame.js';
export { type ReadFramesOptions, readFrames } from './read-frames.js';
