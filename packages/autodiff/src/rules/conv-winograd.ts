import { type GraphBuilder, tensorOf, type Value } from '@fovea/onnx';
import { reshape } from '../broadcast.js';
import type { Window } from './conv-window.js';

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

/**
 * Whether the gradients of this convolution are computed sooner by Winograd's way: at 3x3 taps, stride 1, in float32,
 * where channels are many against the work of the maps, which grows with the picture's sides.
 *
 * The numbers are nanoseconds a pixel, measured on one AVX-512 core: a direct product takes 0.02 a channel pair and tap
 * for the input and 0.03 for the weights, Winograd's 0.06 a pair each; a map 2.2 a channel and 0.065 more per row and column.
 */
export function suitsWinograd(
  x: Value,
  w: Value,
  g: Value,
  { kernel, strides, dilations, pads, group }: Window,
): boolean {
  const plain = [...strides, ...dilations, group].every((value) => value === 1);
  if (x.dtype !== 'float32' || kernel.length !== 2 || !plain || kernel.some((size) => size !== 3)) return false;
  if (pads.some((pad) => pad < 0)) return false;
  const [, c, h, width] = x.shape as [number, number, number, number];
  const [k] = w.shape as [number];
  const [, , gh, gw] = g.shape as [number, number, number, number];
  const tiled = 16 * Math.ceil(gh / 4) * Math.ceil(gw / 4);
  const direct = 0.49 * c * k * gh * gw;
  const winograd = (0.12 * c * k + (2.2 + 0.065 * (h + width)) * (2 * c + k)) * tiled;
  return winograd < direct;
}

/** d input and d weights of a convolution for which `suitsWinograd` holds; `null` for what is not needed. */
export function winogradGradients(
  graph: GraphBuilder,
  x: Value,
  w: Value,
  g: Value,
  { pads }: Window,
  needs: readonly boolean[],
): { dx: Value | null; dw: Value | null } {
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
  const products = forth(graph, g, outputMap);
  const input = () => {
    const weights = product(graph, weightMap, reshape(graph, w, [k * c, 9]), 'transB');
    return back(graph, graph.node('MatMul', [products, reshape(graph, weights, [36, k, c])]), inputMap, x.shape);
  };
  const weight = () => {
    const weights = product(graph, products, forth(graph, x, inputMap), 'transA');
    return reshape(graph, product(graph, reshape(graph, weights, [36, k * c]), weightMap, 'transA'), w.shape);
  };
  return { dx: needs[0] ? input() : null, dw: needs[1] ? weight() : null };
}
