import { type GraphBuilder, type Shape, sizeOf, type Value } from '@fovea/onnx';
import { reshape, sumOver } from '../broadcast.js';
import type { Window } from './conv.js';

/** Maps up to this many pixels are multiplied channel-major, the batch inside the product; larger ones per picture. */
const channelMajorPixels = 1024;

const product = (graph: GraphBuilder, a: Value, b: Value) =>
  graph.node('FusedMatMul', [a, b], { transB: 1 }, 'com.microsoft');

function cut(graph: GraphBuilder, value: Value, axis: number, start: number, end: number): Value {
  if (start === 0 && end === value.shape[axis]) return value;
  return graph.node('Slice', [value, graph.ints([start]), graph.ints([end]), graph.ints([axis])]);
}

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
 * Separable shifts at stride 1: pad x and g to one grid and flatten it, so that a shift by a row or a column is one
 * contiguous Slice. x is shifted by the kernel's rows, g by its columns, and each pair multiplied.
 *
 * With the padded x of width W, dW[k, c, r, s] = sum_m g_flat[m - s] x_flat[m + r W]. A row of zeros around g and one
 * below x give the shifts room, so that one Pad each is all the copying before them.
 *
 * @param pads of x before the convolution: top, left, bottom, right.
 * @param channels of x used for tap (r, s): the first so many; a strided Conv seen as space-to-depth leaves some out.
 * @returns one [K, channels(r, s)] value per tap, in row-major order.
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
  const [n, c, xHeight, xWidth] = x.shape as [number, number, number, number];
  const [, k, gHeight, gWidth] = g.shape as [number, number, number, number];
  const [top, left, bottom, right] = pads;
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
  const xShifts = Array.from({ length: rows }, (_, r) => laid(cut(graph, xFlat, 2, r * width, r * width + length)));
  const taps: Value[] = [];
  for (let r = 0; r < rows; r++)
    for (let s = 0; s < columns; s++) {
      const part = cut(graph, xShifts[r]!, small ? 0 : 1, 0, channels(r, s));
      taps.push(contract(graph, gShifts[s]!, part));
    }
  return taps;
}

/** Stacks taps [K, C] into weights [K, C, kh, kw]. */
function stack(graph: GraphBuilder, taps: readonly Value[], shape: Shape): Value {
  const [k, c] = shape as [number, number];
  const rows = taps.map((tap) => reshape(graph, tap, [1, k, c]));
  const joined = graph.node('Concat', rows, { axis: 0 });
  return reshape(graph, graph.node('Transpose', [joined], { perm: [1, 2, 0] }), shape);
}

function stride1(graph: GraphBuilder, x: Value, w: Value, g: Value, { pads, kernel }: Window): Value {
  const c = x.shape[1]!;
  return stack(
    graph,
    shiftedProducts(graph, x, g, pads, kernel[0], kernel[1], () => c),
    w.shape,
  );
}

/** A 3x3 Conv of stride 2 as a 2x2 Conv of stride 1 over space-to-depth: its four phases are blocks of C channels. */
function stride2(graph: GraphBuilder, x: Value, w: Value, g: Value, { pads }: Window): Value {
  const c = x.shape[1]!;
  const side = (axis: number) => 2 * (g.shape[axis]! + 1) - x.shape[axis]!;
  const padded = graph.node('Pad', [
    x,
    graph.ints([0, 0, pads[0], pads[1], 0, 0, side(2) - pads[0], side(3) - pads[1]]),
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
  return stack(
    graph,
    Array.from({ length: 9 }, (_, i) => tap(Math.floor(i / 3), i % 3)),
    w.shape,
  );
}

/** Any window, one group: a Conv of the transposed input by the transposed gradient, strides and dilations swapped. */
function transposed(graph: GraphBuilder, x: Value, g: Value, window: Window): Value {
  const { kernel, strides, dilations, pads } = window;
  const swap = (value: Value) => graph.node('Transpose', [value], { perm: [1, 0, 2, 3] });
  const product4 = graph.node('Conv', [swap(x), swap(g)], {
    pads: [...pads],
    strides: [...dilations],
    dilations: [...strides],
  });
  const rows = cut(graph, product4, 2, 0, kernel[0]);
  return swap(cut(graph, rows, 3, 0, kernel[1]));
}

/** One weight per channel: each tap is the mean of the gradient times the shifted input. */
function depthwise(graph: GraphBuilder, x: Value, w: Value, g: Value, window: Window): Value {
  const { kernel, strides, dilations, pads } = window;
  const [, k, height, width] = g.shape as [number, number, number, number];
  const padded = graph.node('Pad', [x, graph.ints([0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]])]);
  const taps: Value[] = [];
  for (let r = 0; r < kernel[0]; r++)
    for (let s = 0; s < kernel[1]; s++) {
      const top = r * dilations[0];
      const left = s * dilations[1];
      const shifted = graph.node('Slice', [
        padded,
        graph.ints([top, left]),
        graph.ints([top + strides[0] * (height - 1) + 1, left + strides[1] * (width - 1) + 1]),
        graph.ints([2, 3]),
        graph.ints(strides),
      ]);
      taps.push(reshape(graph, sumOver(graph, graph.node('Mul', [shifted, g]), [0, 2, 3]), [k, 1]));
    }
  return stack(graph, taps, w.shape);
}

function grouped(graph: GraphBuilder, x: Value, w: Value, g: Value, window: Window): Value {
  const split = (value: Value) => {
    const size = value.shape[1]! / window.group;
    return graph.nodesOf('Split', [value, graph.ints(new Array(window.group).fill(size))], { axis: 1 }, window.group);
  };
  const size = w.shape[0]! / window.group;
  const xs = split(x);
  const gs = split(g);
  const parts = xs.map((part, i) =>
    convWeightGradient(graph, part, { ...w, shape: [size, ...w.shape.slice(1)] }, gs[i]!, { ...window, group: 1 }),
  );
  return graph.node('Concat', parts, { axis: 0 });
}

/** d weights of a two-dimensional Conv, [K, C / group, kh, kw], by the fastest form its window allows. */
export function convWeightGradient(graph: GraphBuilder, x: Value, w: Value, g: Value, window: Window): Value {
  const { kernel, strides, dilations, pads, group } = window;
  const dense = dilations[0] === 1 && dilations[1] === 1;
  if (group === w.shape[0] && group === x.shape[1] && group > 1) return depthwise(graph, x, w, g, window);
  if (group > 1) return grouped(graph, x, w, g, window);
  const stride = strides[0] === strides[1] ? strides[0] : 0;
  // ONNX Runtime's FusedMatMul is float32 only, and the shifts waste work on kernels wider than the map.
  if (x.dtype === 'float32' && dense && stride === 1) {
    if (kernel[0] === 1 && kernel[1] === 1 && pads.every((pad) => pad === 0)) return pointwise(graph, x, g, w.shape);
    if (pads.every((pad) => pad >= 0)) return stride1(graph, x, w, g, window);
  }
  const fits = [2, 3].every((axis) => 2 * (g.shape[axis]! + 1) - x.shape[axis]! - pads[axis - 2]! >= 0);
  if (x.dtype === 'float32' && dense && stride === 2 && kernel[0] === 3 && kernel[1] === 3 && fits)
    return stride2(graph, x, w, g, window);
  return transposed(graph, x, g, window);
}
