import { FoveaError } from '@fovea/annotations';

/** Least and most. */
export type Range = readonly [least: number, most: number];

/** How a picture is fitted to the canvas before it is changed. */
export type Fit = 'letterbox' | 'cover' | 'stretch' | 'random-resized-crop';

/**
 * What may happen to a picture, as plain JSON; what is absent does not happen. Each range is drawn from anew for every
 * picture. Probabilities are 0 to 1.
 */
export interface AugmentPolicy {
  /** Default `letterbox`: all of the picture, at the top left, grey beside it; `cover` fills and cuts the sides. */
  readonly fit?: Fit;
  /** With `random-resized-crop`: part of the picture's area, and width against height, that are cut out. */
  readonly area?: Range;
  readonly ratio?: Range;
  /** Size relative to the fit, log-uniform. */
  readonly scale?: Range;
  /** Width against height, log-uniform around 1. */
  readonly stretch?: number;
  /** 0 keeps the fit's place; 1 puts the picture anywhere where it fills as much of the canvas. */
  readonly translate?: number;
  /** Largest turn in degrees, either way. */
  readonly rotate?: number;
  /** Largest slant in degrees, of both axes. */
  readonly shear?: number;
  /** Probability of a left-right flip, of an upside-down one. */
  readonly mirror?: number;
  readonly flipVertical?: number;
  /** Indices of key points that a mirror image exchanges, such as left and right eye. */
  readonly flipPairs?: readonly (readonly [number, number])[];

  /** Largest change of brightness, contrast and saturation, as a part of 1. */
  readonly brightness?: number;
  readonly contrast?: number;
  readonly saturation?: number;
  /** Largest turn of the colours about the grey axis, in degrees. */
  readonly hue?: number;
  /** Probability of losing all colour, of becoming the negative. */
  readonly grayscale?: number;
  readonly invert?: number;

  /** Largest exponent (or one over it) of brightness, log-uniform. */
  readonly gamma?: number;
  /** Keeps the highest `bits` of each channel. */
  readonly posterize?: { readonly probability: number; readonly bits: Range };
  /** Inverts channels at or above `threshold`. */
  readonly solarize?: { readonly probability: number; readonly threshold: Range };
  /** Probability of equalizing each channel's histogram, of stretching it over 0 to 255. */
  readonly equalize?: number;
  readonly autocontrast?: number;
  /** Largest change of sharpness, as a part of 1: -1 is smoothed, 1 twice as sharp. */
  readonly sharpness?: number;
  /** Gaussian; `sigma` in pixels. */
  readonly blur?: { readonly probability: number; readonly sigma: Range };
  /** Gaussian, each channel on its own; `sigma` in grey levels. */
  readonly noise?: { readonly probability: number; readonly sigma: Range };
  /** Writes and reads the picture as JPEG of this quality. */
  readonly jpeg?: { readonly probability: number; readonly quality: Range };
  /** Grey rectangles; `area` is the part of the canvas each covers. */
  readonly cutout?: { readonly probability: number; readonly count: number; readonly area: Range };
  /** `operations` drawn from a fixed list, each at `magnitude` of 0 to 10 (Cubuk et al. 2019, arXiv:1909.13719). */
  readonly randAugment?: { readonly operations: number; readonly magnitude: number };

  /** Four pictures around a point; `scale` is their size, 1 as large as alone (Bochkovskiy et al. 2020, arXiv:2004.10934). */
  readonly mosaic?: { readonly probability: number; readonly scale: Range };
  /** Two pictures blended, the weight from Beta(alpha, alpha) (Zhang et al. 2017, arXiv:1710.09412). */
  readonly mixup?: { readonly probability: number; readonly alpha: number };
  /** A rectangle of another picture, its area from Beta(alpha, alpha) (Yun et al. 2019, arXiv:1905.04899). */
  readonly cutmix?: { readonly probability: number; readonly alpha: number };
  /** Each object of another picture with probability a half (Ghiasi et al. 2020, arXiv:2012.07177). */
  readonly copyPaste?: { readonly probability: number };
}

/** Checks one value; gives the sentence that says what would be right, or nothing. */
type Check = (value: unknown) => string | undefined;

const number =
  (least: number, most: number, whole = false): Check =>
  (value) =>
    typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value))
      ? undefined
      : `a ${whole ? 'whole ' : ''}number from ${least} to ${most}`;
const range =
  (least: number, most: number): Check =>
  (value) =>
    Array.isArray(value) && value.length === 2 && value.every((v) => !number(least, most)(v)) && value[0] <= value[1]
      ? undefined
      : `[least, most] with numbers from ${least} to ${most}`;
const probability = number(0, 1);
const mixing = { probability, alpha: number(0.01, 1000) };
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const index = number(0, 100_000, true);

type Checks = { readonly [key: string]: Check | Checks };

const fits: readonly Fit[] = ['letterbox', 'cover', 'stretch', 'random-resized-crop'];

const checks: { readonly [key in keyof Required<AugmentPolicy>]: Check | Checks } = {
  fit: (value) => (fits.includes(value as Fit) ? undefined : `one of ${fits.join(', ')}`),
  area: range(0.001, 1),
  ratio: range(0.01, 100),
  scale: range(0.01, 100),
  stretch: number(1, 100),
  translate: probability,
  rotate: number(0, 180),
  shear: number(0, 60),
  mirror: probability,
  flipVertical: probability,
  flipPairs: (value) =>
    Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2 && !pair.some(index))
      ? undefined
      : 'a list of [index, index]',
  brightness: probability,
  contrast: probability,
  saturation: probability,
  hue: number(0, 180),
  grayscale: probability,
  invert: probability,
  gamma: number(1, 10),
  posterize: { probability, bits: range(1, 8) },
  solarize: { probability, threshold: range(0, 256) },
  equalize: probability,
  autocontrast: probability,
  sharpness: probability,
  blur: { probability, sigma: range(0.3, 50) },
  noise: { probability, sigma: range(0, 128) },
  jpeg: { probability, quality: range(1, 100) },
  cutout: { probability, count: number(1, 64, true), area: range(0.001, 1) },
  randAugment: { operations: number(0, 16, true), magnitude: number(0, 10) },
  mosaic: { probability, scale: range(0.01, 100) },
  mixup: mixing,
  cutmix: mixing,
  copyPaste: { probability },
};

/**
 * Checks a policy that came from outside. `{}` is the policy under which nothing happens.
 *
 * @throws FoveaError `invalid_augment_policy` with the key, what came and what would be right
 */
export function parseAugmentPolicy(json: unknown): AugmentPolicy {
  checkObject(json, checks, '');
  const policy = json as AugmentPolicy;
  if (policy.fit === 'random-resized-crop') {
    for (const key of ['scale', 'stretch', 'translate'] as const)
      if (policy[key] !== undefined)
        throw invalid(key, policy[key], `left out: the fit random-resized-crop draws its own size and place`);
  } else {
    for (const key of ['area', 'ratio'] as const)
      if (policy[key] !== undefined)
        throw invalid(key, policy[key], 'left out, or the fit random-resized-crop: no other fit uses it');
  }
  return policy;
}

function checkObject(value: unknown, known: Checks, path: string): void {
  if (!isObject(value)) throw invalid(path, value, `an object with ${Object.keys(known).join(', ')}`);
  const prefix = path && `${path}.`;
  for (const [key, field] of Object.entries(value)) {
    const check = Object.hasOwn(known, key) ? known[key]! : undefined;
    if (!check)
      throw new FoveaError(
        'invalid_augment_policy',
        `An augment policy has no "${prefix}${key}". Known are ${Object.keys(known).join(', ')}.`,
        { key: `${prefix}${key}`, known: Object.keys(known) },
      );
    if (typeof check !== 'function') checkObject(field, check, `${prefix}${key}`);
    else {
      const right = check(field);
      if (right) throw invalid(`${prefix}${key}`, field, right);
    }
  }
  // What an object of the policy consists of is all needed; only the policy itself may lack keys.
  const missing = path ? Object.keys(known).find((key) => !(key in value)) : undefined;
  if (missing) throw invalid(`${prefix}${missing}`, undefined, 'given, as are all of its parts');
}

function invalid(key: string, value: unknown, right: string): FoveaError {
  const what = key ? `"${key}" of the augment policy` : 'The augment policy';
  return new FoveaError(
    'invalid_augment_policy',
    `${what} is ${JSON.stringify(value) ?? 'missing'}; it must be ${right}.`,
    { key, value, expected: right },
  );
}

/** What suits each task, for photographs; a starting point to change. */
export const augmentPolicies = {
  /** Things that may stand anywhere, at any size. */
  detection: {
    scale: [0.65, 1.6],
    stretch: 1.15,
    translate: 1,
    mirror: 0.5,
    brightness: 0.2,
    contrast: 0.25,
    saturation: 0.35,
  },
  classification: {
    fit: 'random-resized-crop',
    area: [0.25, 1],
    ratio: [3 / 4, 4 / 3],
    mirror: 0.5,
    brightness: 0.2,
    contrast: 0.2,
    saturation: 0.3,
    hue: 8,
  },
  segmentation: {
    fit: 'cover',
    scale: [0.7, 1.8],
    stretch: 1.1,
    translate: 1,
    mirror: 0.5,
    brightness: 0.25,
    contrast: 0.25,
    saturation: 0.3,
  },
  /** Whose look is to be told apart: little that changes shape or colour. */
  embedding: {
    fit: 'stretch',
    scale: [0.95, 1.15],
    translate: 1,
    rotate: 5,
    mirror: 0.5,
    brightness: 0.2,
    contrast: 0.2,
    saturation: 0.15,
    cutout: { probability: 0.5, count: 1, area: [0.02, 0.2] },
  },
  none: {},
} as const satisfies Record<string, AugmentPolicy>;
