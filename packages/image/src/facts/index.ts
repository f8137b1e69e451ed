export type { ExifFacts, GpsPosition } from './exif.js';
export { hashDistance } from './perceptual-hash.js';
export type { ChannelStatistics, PixelStatistics } from './pixel-statistics.js';
export { type PictureFacts, readFacts } from './read-facts.js';
