import { type GraphBuilder, tensorOf, type Value } from '@fovea/onnx';
import { reshape } from '../broadcast.js';
import { once, type RestatedConv, type Window } from './conv-window.js';

/**
 * Winograd's minimal filtering F(4x4, 3x3) (Lavin & Gray 2016, arXiv:1509.09308, section 4.3): tiles of 4x4 outputs from
 * 6x6 inputs with 36 products in place of 144. Y = A' [(G w G') . (B' d B)] A, interpolated at 0, 1, -1, 2, -2, infinity.
 */
const inputMatrix = [
  [4, 0, -5, 0, 1, 0],
  [0, -4, -4, 1, 1, 0],
  [0, 4, -4, -1, 1, 0],
  [0, -2, -1, 2, 1, 0],
  [0, 2, -1, -2, 1, 0],
  [0, 4, 0, -5, 0, 1],
];
const weightMatrix = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
];
const outputMatrix = [
  [1, 0, 0, 0],
  [1, 1, 1, 1],
  [1, -1, 1, -1],
  [1, 2, 4, 8],
  [1, -2, 4, -8],
  [0, 0, 0, 1],
];

const product = (graph: GraphBuilder, a: Value, b: Value, transposed: 'transA' | 'transB') =>
  graph.node('FusedMatMul', [a, b], { [transposed]: 1 }, 'com.microsoft');

/** A linear map of one axis of `length` to 6 numbers for each of its tiles: [6 tiles, length]. */
function axisMap(
  graph: GraphBuilder,
  tile: readonly (readonly number[])[],
  length: number,
  tiles: number,
  pad: number,
) {
  const map = new Float32Array(6 * tiles * length);
  for (const [row, factors] of tile.entries())
    for (let i = 0; i < tiles; i++)
      for (const [j, factor] of factors.entries()) {
        const position = 4 * i + j - pad;
        if (position >= 0 && position < length) map[(row * tiles + i) * length + position]! += factor;
      }
  return graph.constant(tensorOf('float32', map, [6 * tiles, length]));
}

/** The maps of both axes, and how many tiles they have. */
interface PlaneMap {
  readonly rows: Value;
  readonly columns: Value;
  readonly tiles: readonly [number, number];
}

/**
 * [N, C, H, W] to the domain of products, [36, tiles N, C].
 *
 * Space lies before batch and channels on the way, so that the maps are products with large matrices, and the only
 * other copies are a plain transpose and one that moves large blocks.
 */
function forth(graph: GraphBuilder, x: Value, { rows, columns, tiles: [th, tw] }: PlaneMap): Value {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const spatial = graph.node('Transpose', [reshape(graph, x, [n * c, h * w])], { perm: [1, 0] });
  const byRows = graph.node('MatMul', [rows, reshape(graph, spatial, [h, w * n * c])]);
  const both = graph.node('MatMul', [columns, reshape(graph, byRows, [6 * th, w, n * c])]);
  const blocks = reshape(graph, both, [6, th, 6, tw * n * c]);
  return reshape(graph, graph.node('Transpose', [blocks], { perm: [0, 2, 1, 3] }), [36, th * tw * n, c]);
}

/** The transpose of `forth`: [36, tiles N, C] to [N, C, H, W]. */
function back(
  graph: GraphBuilder,
  v: Value,
  { rows, columns, tiles: [th, tw] }: PlaneMap,
  shape: Value['shape'],
): Value {
  const [n, c, h, w] = shape as [number, number, number, number];
  const blocks = graph.node('Transpose', [reshape(graph, v, [6, 6, th, tw * n * c])], { perm: [0, 2, 1, 3] });
  const byColumns = product(graph, columns, reshape(graph, blocks, [6 * th, 6 * tw, n * c]), 'transA');
  const spatial = product(graph, rows, reshape(graph, byColumns, [6 * th, w * n * c]), 'transA');
  // With the axis of 1 in front, ONNX Runtime leaves the plain transpose alone and does not draw the Reshape into it.
  const turned = graph.node('Transpose', [reshape(graph, spatial, [1, h * w, n * c])], { perm: [0, 2, 1] });
  return reshape(graph, turned, shape);
}

/** Whether Winograd's way is open to a convolution: 3x3 taps, stride 1, float32. */
function isPlain(x: Value, { kernel, strides, dilations, pads, group }: Window): boolean {
  const plain = [...strides, ...dilations, group].every((value) => value === 1);
  const taps = kernel.length === 2 && kernel.every((size) => size === 3);
  return x.dtype === 'float32' && plain && taps && pads.every((pad) => pad >= 0);
}

/**
 * Nanoseconds of a convolution by parts, measured on one AVX-512 core: a direct product takes 0.02 a pixel, channel pair and
 * tap for the output and the input, 0.03 for the weights; Winograd's 0.06 a pixel and pair each; its map of a channel 2.2 a
 * pixel and 0.065 more per row and column.
 */
function costs(x: Value, w: Value, g: Value) {
  const [, c, h, width] = x.shape as [number, number, number, number];
  const [k] = w.shape as [number];
  const [, , gh, gw] = g.shape as [number, number, number, number];
  const pixels = gh * gw;
  const tiled = 16 * Math.ceil(gh / 4) * Math.ceil(gw / 4);
  const map = (2.2 + 0.065 * (h + width)) * tiled;
  return {
    direct: 0.02 * 9 * c * k * pixels,
    weights: 0.03 * 9 * c * k * pixels,
    product: 0.06 * c * k * tiled,
    map,
    c,
    k,
  };
}

/** Whether both gradients of this convolution are computed sooner by Winograd's way: where channels are many. */
export function suitsWinograd(x: Value, w: Value, g: Value, window: Window): boolean {
  if (!isPlain(x, window)) return false;
  const { direct, weights, product, map, c, k } = costs(x, w, g);
  return 2 * product + map * (2 * c + k) < direct + weights;
}

/** Maps up to this many pixels may keep their tiles from the convolution to its gradient. */
const keptPixels = 1024;

/**
 * Whether the convolution itself is computed sooner so too, and by enough to be worth the memory: the input's tiles, two
 * and a quarter times the input, are kept for the weight gradient, which makes them otherwise. On larger maps two workers
 * gain nothing by it: their caches are too small.
 */
export function suitsWinogradForward(x: Value, w: Value, g: Value, window: Window): boolean {
  if (x.shape[2]! * x.shape[3]! > keptPixels || !suitsWinograd(x, w, g, window)) return false;
  const { direct, product, map, k } = costs(x, w, g);
  return product + map * k < 0.8 * direct;
}

/** A convolution by Winograd's way, for which `suitsWinograd` holds: its output has the shape of `g`. */
export function winogradConv(graph: GraphBuilder, x: Value, w: Value, g: Value, { pads }: Window): RestatedConv {
  const [, c, h, width] = x.shape as [number, number, number, number];
  const [k] = w.shape as [number];
  const [, , gh, gw] = g.shape as [number, number, number, number];
  const tiles = [Math.ceil(gh / 4), Math.ceil(gw / 4)] as const;
  const inputMap: PlaneMap = {
    rows: axisMap(graph, inputMatrix, h, tiles[0], pads[0]!),
    columns: axisMap(graph, inputMatrix, width, tiles[1], pads[1]!),
    tiles,
  };
  const outputMap: PlaneMap = {
    rows: axisMap(graph, outputMatrix, gh, tiles[0], 0),
    columns: axisMap(graph, outputMatrix, gw, tiles[1], 0),
    tiles,
  };
  const taps = weightMatrix.flatMap((a) => weightMatrix.map((b) => a.flatMap((p) => b.map((q) => p * q))));
  const weightMap = graph.constant(tensorOf('float32', taps.flat(), [36, 9]));
  const weights = once(() => {
    const mapped = product(graph, weightMap, reshape(graph, w, [k * c, 9]), 'transB');
    return reshape(graph, mapped, [36, k, c]);
  });
  const inputs = once(() => forth(graph, x, inputMap));
  const outputs = once((gradient: Value) => forth(graph, gradient, outputMap));
  return {
    output: () => back(graph, product(graph, inputs(), weights(), 'transB'), outputMap, g.shape),
    inputGradient: (gradient) => back(graph, graph.node('MatMul', [outputs(gradient), weights()]), inputMap, x.shape),
    weightGradient(gradient) {
      const products = product(graph, outputs(gradient), inputs(), 'transA');
      return reshape(graph, product(graph, reshape(graph, products, [36, k * c]), weightMap, 'transA'), w.shape);
    },
  };
}
