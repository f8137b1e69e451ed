import { type GraphBuilder, type Shape, sizeOf, type Value } from '@fovea/onnx';
import { reshape, sumOver } from '../broadcast.js';
import { depthwiseWeightGradient } from './conv-depthwise.js';
import { cut, isDepthwise, stackTaps, type Window } from './conv-window.js';

/** Maps up to this many pixels are multiplied channel-major, the batch inside the product; larger ones per picture. */
const channelMajorPixels = 1024;

/** On maps of more pixels than this copies are made one at a time, for their memory, though there are more of them. */
const fewCopiesPixels = 8192;

const product = (graph: GraphBuilder, a: Value, b: Value) =>
  graph.node('FusedMatMul', [a, b], { transB: 1 }, 'com.microsoft');

/** sum over n and l of a[n, i, l] b[n, j, l]: [I, J], from either layout (`channelMajor`: [I, N l] and [J, N l]). */
function contract(graph: GraphBuilder, a: Value, b: Value): Value {
  const summed = product(graph, a, b);
  return summed.shape.length === 2 ? summed : reshape(graph, sumOver(graph, summed, [0]), summed.shape.slice(1));
}

/** [N, C, L] as [C, N L]. */
function channelMajor(graph: GraphBuilder, value: Value): Value {
  const [n, c, length] = value.shape as [number, number, number];
  return reshape(graph, graph.node('Transpose', [value], { perm: [1, 0, 2] }), [c, n * length]);
}

function pointwise(graph: GraphBuilder, x: Value, g: Value, shape: Shape): Value {
  const flat = (value: Value) =>
    reshape(graph, value, [value.shape[0]!, value.shape[1]!, sizeOf(value.shape.slice(2))]);
  const small = sizeOf(x.shape.slice(2)) <= channelMajorPixels;
  const laid = (value: Value) => (small ? channelMajor(graph, flat(value)) : flat(value));
  return reshape(graph, contract(graph, laid(g), laid(x)), shape);
}

/**
 * One [K, channels(r, s)] value per tap at stride 1, in row-major order: pad x and g to one grid of width W and flatten it,
 * so that a shift by rows and columns is one contiguous Slice, and dW[k, c, r, s] = sum_m g_flat[m] x_flat[m + r W + s].
 *
 * @param pads of x before the convolution: top, left, bottom, right.
 * @param channels of x used for tap (r, s): the first so many; a strided Conv seen as space-to-depth leaves some out.
 */
function shiftedProducts(
  graph: GraphBuilder,
  x: Value,
  g: Value,
  pads: Window['pads'],
  rows: number,
  columns: number,
  channels: (row: number, column: number) => number,
): Value[] {
  const few = sizeOf(g.shape.slice(2)) <= fewCopiesPixels;
  return (few ? separableShifts : wholeShifts)(graph, x, g, pads, rows, columns, channels);
}

/**
 * For maps that are not large: x is shifted by the kernel's rows, g by its columns, and each pair multiplied, so that there are few
 * copies. A row of zeros around g and one below x give the shifts room.
 */
const separableShifts: typeof shiftedProducts = (graph, x, g, pads, rows, columns, channels) => {
  const [n, c, xHeight, xWidth] = x.shape as [number, number, number, number];
  const [, k, gHeight, gWidth] = g.shape as [number, number, number, number];
  const [top, left, bottom, right] = pads as [number, number, number, number];
  const width = left + xWidth + right;
  const length = gHeight * width + (columns - 1);
  const spare = columns > 1 ? 1 : 0;
  const padded = graph.node('Pad', [x, graph.ints([0, 0, top, left, 0, 0, bottom + spare, right])]);
  const wide = graph.node('Pad', [g, graph.ints([0, 0, spare, 0, 0, 0, spare, width - gWidth])]);
  const xFlat = reshape(graph, padded, [n, c, (top + xHeight + bottom + spare) * width]);
  const gFlat = reshape(graph, wide, [n, k, (gHeight + 2 * spare) * width]);
  const small = gHeight * gWidth <= channelMajorPixels;
  const laid = (value: Value) => (small ? channelMajor(graph, value) : value);
  const gShifts = Array.from({ length: columns }, (_, s) =>
    laid(cut(graph, gFlat, 2, spare * width - s, spare * width - s + length)),
  );
  const taps: Value[] = [];
  for (let r = 0; r < rows; r++) {
    const shifted = laid(cut(graph, xFlat, 2, r * width, r * width + length));
    for (let s = 0; s < columns; s++)
      taps.push(contract(graph, gShifts[s]!, cut(graph, shifted, small ? 0 : 1, 0, channels(r, s))));
  }
  return taps;
};

/** For large maps: the one of x and g with fewer channels is shifted by rows and columns, one copy held at a time. */
const wholeShifts: typeof shiftedProducts = (graph, x, g, pads, rows, columns, channels) => {
  const [n, c, xHeight, xWidth] = x.shape as [number, number, number, number];
  const [, k, gHeight, gWidth] = g.shape as [number, number, number, number];
  const [top, left, bottom, right] = pads as [number, number, number, number];
  const width = left + xWidth + right;
  const spare = columns > 1 ? 1 : 0;
  const byInput = c <= k;
  // Zeros in front of g, where it is the one that is shifted, as many rows as the last shift takes.
  const [before, after] = byInput ? [0, 0] : [rows - 1 + spare, rows - 1];
  const below = byInput ? spare : 0;
  const padded = graph.node('Pad', [x, graph.ints([0, 0, top, left, 0, 0, bottom + below, right])]);
  const wide = graph.node('Pad', [g, graph.ints([0, 0, before, 0, 0, 0, after, width - gWidth])]);
  const xFlat = reshape(graph, padded, [n, c, (top + xHeight + bottom + below) * width]);
  const gFlat = reshape(graph, wide, [n, k, (before + gHeight + after) * width]);
  const length = (byInput ? gHeight : gHeight + rows - 1) * width;
  const taps: Value[] = [];
  for (let r = 0; r < rows; r++)
    for (let s = 0; s < columns; s++) {
      const start = byInput ? r * width + s : (before - r) * width - s;
      const shifted = cut(graph, byInput ? xFlat : gFlat, 2, start, start + length);
      const [a, b] = byInput ? [gFlat, shifted] : [shifted, xFlat];
      taps.push(contract(graph, a, cut(graph, b, 1, 0, channels(r, s))));
    }
  return taps;
};

function stride1(graph: GraphBuilder, x: Value, w: Value, g: Value, { pads, kernel }: Window): Value {
  const c = x.shape[1]!;
  return stackTaps(
    graph,
    shiftedProducts(graph, x, g, pads, kernel[0]!, kernel[1]!, () => c),
    w.shape,
  );
}

/** A 3x3 Conv of stride 2 as a 2x2 Conv of stride 1 over space-to-depth: its four phases are blocks of C channels. */
function stride2(graph: GraphBuilder, x: Value, w: Value, g: Value, { pads }: Window): Value {
  const c = x.shape[1]!;
  const side = (axis: number) => 2 * (g.shape[axis]! + 1) - x.shape[axis]!;
  const padded = graph.node('Pad', [
    x,
    graph.ints([0, 0, pads[0]!, pads[1]!, 0, 0, side(2) - pads[0]!, side(3) - pads[1]!]),
  ]);
  const phases = graph.node('SpaceToDepth', [padded], { blocksize: 2 });
  // Phases lie in the order (0,0), (0,1), (1,0), (1,1); tap row 2 and column 2 are phase 0 of the next block.
  const products = shiftedProducts(
    graph,
    phases,
    g,
    [0, 0, 0, 0],
    2,
    2,
    (r, s) => (r === 0 ? (s === 0 ? 4 : 3) : s === 0 ? 2 : 1) * c,
  );
  const tap = (row: number, column: number) => {
    const phase = (row % 2) * 2 + (column % 2);
    return cut(graph, products[(row >> 1) * 2 + (column >> 1)]!, 1, phase * c, (phase + 1) * c);
  };
  return stackTaps(
    graph,
    Array.from({ length: 9 }, (_, i) => tap(Math.floor(i / 3), i % 3)),
    w.shape,
  );
}

/**
 * Any window, any number of axes and groups: a Conv of the transposed input by the transposed gradient, strides and
 * dilations swapped. The batch becomes the channels, so that groups stay groups.
 */
function transposed(graph: GraphBuilder, x: Value, w: Value, g: Value, window: Window): Value {
  const { kernel, strides, dilations, pads, group } = window;
  const [n] = x.shape as [number];
  const spatial = (value: Value) => value.shape.slice(2);
  const tail = kernel.map((_, axis) => axis + 3);
  /** [N, group * C, ...] with its first three axes [N, group, C] in another order, joined to two again. */
  const arranged = (value: Value, perm: readonly number[], first: number) => {
    const split = reshape(graph, value, [n, group, value.shape[1]! / group, ...spatial(value)]);
    const turned = graph.node('Transpose', [split], { perm: [...perm, ...tail] });
    return reshape(graph, turned, [first, (n * value.shape[1]!) / first, ...spatial(value)]);
  };
  const [k, c] = w.shape as [number, number];
  const product = graph.node('Conv', [arranged(x, [2, 1, 0], c), arranged(g, [1, 2, 0], k)], {
    pads: [...pads],
    strides: [...dilations],
    dilations: [...strides],
    group,
  });
  let taps = product;
  for (const [axis, size] of kernel.entries()) taps = cut(graph, taps, axis + 2, 0, size);
  return graph.node('Transpose', [taps], { perm: [1, 0, ...kernel.map((_, axis) => axis + 2)] });
}

/** A 1x1 Conv of any stride: the pixels it looks at, then a product. */
function sampledPointwise(graph: GraphBuilder, x: Value, w: Value, g: Value, strides: readonly number[]): Value {
  const zeros = strides.map(() => 0);
  const axes = strides.map((_, axis) => axis + 2);
  const ends = strides.map((stride, axis) => (g.shape[axis + 2]! - 1) * stride + 1);
  const inputs = [x, graph.ints(zeros), graph.ints(ends), graph.ints(axes), graph.ints(strides)];
  return pointwise(graph, graph.node('Slice', inputs), g, w.shape);
}

/** A window as large as its stride, so that none overlap: each is a pixel of the space-to-depth, and the Conv a product. */
function tiled(graph: GraphBuilder, x: Value, w: Value, g: Value, block: number): Value {
  const [, , height, width] = g.shape as [number, number, number, number];
  const [k, c] = w.shape as [number, number];
  const covered = cut(graph, cut(graph, x, 2, 0, height * block), 3, 0, width * block);
  const blocks = graph.node('SpaceToDepth', [covered], { blocksize: block });
  const taps = pointwise(graph, blocks, g, [k, block * block, c]);
  return reshape(graph, graph.node('Transpose', [taps], { perm: [0, 2, 1] }), w.shape);
}

/** d weights of a Conv, [K, C / group, ...], by the fastest form its window allows. */
export function convWeightGradient(graph: GraphBuilder, x: Value, w: Value, g: Value, window: Window): Value {
  const { kernel, strides, dilations, pads, group } = window;
  const plane = kernel.length === 2 && pads.every((pad) => pad >= 0);
  if (plane && isDepthwise(x, w, window)) return depthwiseWeightGradient(graph, x, w, g, window);
  // ONNX Runtime's FusedMatMul is float32 only, and the shifts waste work on kernels wider than the map.
  const dense = x.dtype === 'float32' && group === 1 && dilations.every((dilation) => dilation === 1);
  const stride = strides.every((value) => value === strides[0]) ? strides[0] : 0;
  if (dense && stride === 1) {
    if (kernel.every((size) => size === 1) && pads.every((pad) => pad === 0)) return pointwise(graph, x, g, w.shape);
    if (plane) return stride1(graph, x, w, g, window);
  }
  if (dense && kernel.every((size) => size === 1) && pads.every((pad) => pad === 0))
    return sampledPointwise(graph, x, w, g, strides);
  if (dense && plane && pads.every((pad) => pad === 0) && kernel.every((size) => size === stride))
    return tiled(graph, x, w, g, kernel[0]!);
  if (dense && plane && stride === 2 && kernel[0] === 3 && kernel[1] === 3) {
    const fits = [2, 3].every((axis) => 2 * (g.shape[axis]! + 1) - x.shape[axis]! - pads[axis - 2]! >= 0);
    if (fits) return stride2(graph, x, w, g, window);
  }
  return transposed(graph, x, w, g, window);
}
