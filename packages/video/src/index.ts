export type { DecoderName } from './decoders.js';
export type { ShownFrame, VideoFacts, VideoFrame } from './frame.js';
export { type ReadFramesOptions, readFrames } from './read-frames.js';
export { SCENE_THRESHOLD } from './scene-detector.js';
export { openVideo, probeVideo, readFrameAt, type VideoOptions, type VideoReader } from './video-reader.js';
