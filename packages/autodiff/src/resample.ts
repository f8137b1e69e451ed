import { type Attributes, floatAttribute, intAttribute, type Shape, stringAttribute } from '@fovea/onnx';

/** How a Resize samples: its attributes read, with scale and region by axis. */
export interface Sampling {
  readonly mode: string;
  readonly coordinates: string;
  readonly nearest: string;
  readonly cubicA: number;
  readonly excludeOutside: boolean;
  /** Output size over input size by axis, as given or from the sizes. */
  readonly scales: readonly number[];
  /** Starts, then ends, for `tf_crop_and_resize`. */
  readonly region: readonly number[] | undefined;
}

/** Reads a Resize node's attributes. */
export function samplingOf(
  attributes: Attributes,
  scales: readonly number[],
  region: readonly number[] | undefined,
): Sampling {
  return {
    mode: stringAttribute(attributes, 'mode', 'nearest'),
    coordinates: stringAttribute(attributes, 'coordinate_transformation_mode', 'half_pixel'),
    nearest: stringAttribute(attributes, 'nearest_mode', 'round_prefer_floor'),
    cubicA: floatAttribute(attributes, 'cubic_coeff_a', -0.75),
    excludeOutside: intAttribute(attributes, 'exclude_outside', 0) === 1,
    scales,
    region,
  };
}

const f = Math.fround;

/** Where output position `at` lies in the input, in float32 arithmetic, as ONNX Runtime computes it. */
function position({ coordinates, scales, region }: Sampling, axis: number, at: number, input: number, output: number) {
  const scale = f(scales[axis]!);
  if (scale === 1 && coordinates !== 'tf_crop_and_resize') return at;
  switch (coordinates) {
    case 'half_pixel':
      return f(f(f(at + 0.5) / scale) - 0.5);
    case 'pytorch_half_pixel':
      return output > 1 ? f(f(f(at + 0.5) / scale) - 0.5) : 0;
    case 'align_corners':
      return output === 1 ? 0 : f((at * (input - 1)) / (output - 1));
    case 'asymmetric':
      return f(at / scale);
    case 'tf_half_pixel_for_nn':
      return f(f(at + 0.5) / scale);
    case 'tf_crop_and_resize': {
      const start = region![axis]!;
      const end = region![axis + scales.length]!;
      return output > 1
        ? f(f(start * (input - 1)) + f(f(at * f(end - start) * (input - 1)) / (output - 1)))
        : f(0.5 * (start + end) * (input - 1));
    }
    default:
      return undefined;
  }
}

function nearestIndex(rounding: string, x: number): number {
  if (rounding === 'floor') return Math.floor(x);
  if (rounding === 'ceil') return Math.ceil(x);
  const down = Math.floor(x);
  if (x - down === 0.5) return rounding === 'round_prefer_floor' ? down : down + 1;
  return Math.round(x);
}

/** Keys' cubic convolution kernel (1981): weights of the four pixels around a point `t` behind the second. */
function cubicWeights(t: number, a: number): number[] {
  const near = (d: number) => ((a + 2) * d - (a + 3)) * d * d + 1;
  const far = (d: number) => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return [far(t + 1), near(t), near(1 - t), far(2 - t)];
}

/**
 * The matrix [output, input] by which a Resize multiplies one axis: every mode is linear in the data and separable.
 *
 * @returns its rows, each as pairs of input position and weight; `undefined` for a mode that is not known. An output
 *   position outside the region of `tf_crop_and_resize` has no weights.
 */
export function resampleRows(
  sampling: Sampling,
  axis: number,
  input: number,
  output: number,
): [index: number, weight: number][][] | undefined {
  const rows: [number, number][][] = [];
  for (let at = 0; at < output; at++) {
    const x = position(sampling, axis, at, input, output);
    if (x === undefined) return undefined;
    if (sampling.coordinates === 'tf_crop_and_resize' && (x < 0 || x > input - 1)) {
      rows.push([]);
      continue;
    }
    const inside = (index: number) => Math.min(Math.max(index, 0), input - 1);
    if (sampling.mode === 'nearest') rows.push([[inside(nearestIndex(sampling.nearest, x)), 1]]);
    else if (sampling.mode === 'linear') {
      const clamped = inside(x);
      const first = Math.floor(clamped);
      const share = clamped - first;
      rows.push([
        [first, 1 - share],
        [inside(first + 1), share],
      ]);
    } else if (sampling.mode === 'cubic') {
      const first = Math.floor(x);
      const weights = cubicWeights(f(x - first), sampling.cubicA);
      const taps = weights.map((weight, i): [number, number] => [first - 1 + i, weight]);
      const used = sampling.excludeOutside ? taps.filter(([i]) => i >= 0 && i < input) : taps;
      const total = sampling.excludeOutside ? used.reduce((sum, [, weight]) => sum + weight, 0) : 1;
      rows.push(used.map(([i, weight]) => [inside(i), weight / total]));
    } else return undefined;
  }
  return rows;
}

/** By how much a matrix of rows repeats each input element in place: `factor` rows for each; 0 where it does not. */
export function repeatFactor(rows: readonly (readonly [number, number][])[], input: number): number {
  const factor = rows.length / input;
  if (!Number.isInteger(factor)) return 0;
  const repeats = rows.every((row, at) => row.length === 1 && row[0]![0] === Math.floor(at / factor));
  return repeats ? factor : 0;
}

/** The transposed matrix, row-major [input, output]. */
export function transposedMatrix(rows: readonly (readonly [number, number][])[], input: number): Float64Array {
  const matrix = new Float64Array(input * rows.length);
  for (const [at, row] of rows.entries())
    for (const [index, weight] of row) matrix[index * rows.length + at]! += weight;
  return matrix;
}

/** Scales of a Resize by axis: those given (by axis of `axes`), or from the sizes. */
export function scalesOf(from: Shape, to: Shape, axes: readonly number[], given: readonly number[] | undefined) {
  return from.map((length, axis) => {
    const i = axes.indexOf(axis);
    return given?.length && i >= 0 ? given[i]! : to[axis]! / length;
  });
}
