export { FoveaError } from '@fovea/annotations';
export {
  type AugmentedSample,
  type AugmentPolicy,
  type AugmentTarget,
  applyColour,
  augmentPolicies,
  augmentSample,
  type ColourMatrix,
  type DrawSample,
  drawColour,
  type Fit,
  type InstanceMask,
  type Keypoint,
  type LabelledBox,
  parseAugmentPolicy,
  type Range,
  type Ring,
  type Sample,
  unlabelled,
  type WeightedClass,
} from './augment/index.js';
export { decodeImage, type EncodedImage, type ImageFacts, probeImage, type RawImage, readImageSize } from './decode.js';
export { type DrawOptions, drawDetections } from './draw-detections.js';
export { type DrawLabelMapOptions, drawLabelMap } from './draw-label-map.js';
export { encodeJpeg } from './encode.js';
export {
  type ChannelStatistics,
  type ExifFacts,
  type GpsPosition,
  hashDistance,
  type PictureFacts,
  type PixelStatistics,
  readFacts,
} from './facts/index.js';
export {
  DEFAULT_MAX_PIXELS,
  type ImageFormat,
  type ImageInput,
  loadImageFile,
  type ReadOptions,
  sniffFormat,
} from './input.js';
export {
  type Letterbox,
  letterbox,
  letterboxFill,
  type Placement,
  placeImage,
  unletterbox,
} from './letterbox.js';
export { type Rectangle, type ResampleOptions, resample } from './resample.js';
export { renderSamplePicture, type SamplePicture } from './sample/index.js';
export { makeThumbnail } from './thumbnail.js';
