import { activationCases } from './activation.js';
import { arithmeticCases } from './arithmetic.js';
import { arrangementCases } from './arrangement.js';
import type { GradientCase } from './case.js';
import { gatheringCases } from './gathering.js';
import { normalizationCases } from './normalization.js';
import { productCases } from './product.js';
import { quantizationCases } from './quantization.js';
import { reductionCases } from './reduction.js';
import { resamplingCases } from './resampling.js';
import { windowCases } from './window.js';

/** All cases the gradient rules are held to. */
export const gradientCases: readonly GradientCase[] = [
  ...activationCases,
  ...arithmeticCases,
  ...reductionCases,
  ...arrangementCases,
  ...gatheringCases,
  ...productCases,
  ...windowCases,
  ...normalizationCases,
  ...resamplingCases,
  ...quantizationCases,
];
