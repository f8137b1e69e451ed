export { augmentSample, type DrawSample } from './augment-sample.js';
export { applyColour, type ColourMatrix, drawColour } from './colour.js';
export { type AugmentPolicy, augmentPolicies, type Fit, parseAugmentPolicy, type Range } from './policy.js';
export {
  type AugmentedSample,
  type AugmentTarget,
  type InstanceMask,
  type Keypoint,
  type LabelledBox,
  type Ring,
  type Sample,
  unlabelled,
  type WeightedClass,
} from './sample.js';
