export { decodeImage, type ImageFacts, probeImage, type RawImage, readImageSize } from './decode.js';
export { DEFAULT_MAX_PIXELS, type ImageFormat, type ImageInput, type ReadOptions, sniffFormat } from './input.js';
export { makeThumbnail } from './thumbnail.js';
