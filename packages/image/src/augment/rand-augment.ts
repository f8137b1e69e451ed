import { type ColourMatrix, composedColour, sameColour, toneMatrix } from './colour.js';
import { type GeometryChange, noChange } from './geometry.js';
import type { Tone } from './tone.js';

/** What RandAugment's operations of one picture add up to. */
export interface RandAugmentChange {
  readonly geometry: GeometryChange;
  readonly colour: ColourMatrix;
  readonly tones: readonly Tone[];
  /** Change of sharpness, 0 none. */
  readonly sharpness: number;
}

export const unchanged = (): RandAugmentChange => ({
  geometry: noChange,
  colour: sameColour(),
  tones: [],
  sharpness: 0,
});

type Operation = (strength: number, signed: number, change: RandAugmentChange) => Partial<RandAugmentChange>;

const geometric =
  (key: keyof GeometryChange, most: number): Operation =>
  (_, signed, { geometry }) => ({ geometry: { ...geometry, [key]: geometry[key] + most * signed } });
const colour =
  (matrix: (factor: number) => ColourMatrix): Operation =>
  (_, signed, change) => ({ colour: composedColour(matrix(1 + 0.9 * signed), change.colour) });
const tone =
  (make: (strength: number) => Tone): Operation =>
  (strength, _, { tones }) => ({ tones: [...tones, make(strength)] });

/** The paper's operations with its ranges at full strength. */
const operations: readonly Operation[] = [
  () => ({}),
  geometric('shearX', 0.3),
  geometric('shearY', 0.3),
  geometric('translateX', 150 / 331),
  geometric('translateY', 150 / 331),
  geometric('rotate', 30),
  colour((factor) => toneMatrix(factor, 1, 1)),
  colour((factor) => toneMatrix(1, factor, 1)),
  colour((factor) => toneMatrix(1, 1, factor)),
  (_, signed, change) => ({ sharpness: change.sharpness + 0.9 * signed }),
  tone((strength) => ({ kind: 'posterize', bits: 8 - Math.round(4 * strength) })),
  tone((strength) => ({ kind: 'solarize', threshold: 256 * (1 - strength) })),
  tone(() => ({ kind: 'autocontrast' })),
  tone(() => ({ kind: 'equalize' })),
];

/**
 * Draws `count` operations, each of the 14 as likely as another, at `magnitude` of 0 to 10 and either direction (Cubuk
 * et al. 2019, arXiv:1909.13719). Geometry adds up to one resampling, linear colour to one matrix.
 */
export function drawRandAugment(count: number, magnitude: number, random: () => number): RandAugmentChange {
  let change = unchanged();
  const strength = magnitude / 10;
  for (let i = 0; i < count; i++) {
    const operation = operations[Math.floor(random() * operations.length)]!;
    const signed = random() < 0.5 ? -strength : strength;
    change = { ...change, ...operation(strength, signed, change) };
  }
  return change;
}
