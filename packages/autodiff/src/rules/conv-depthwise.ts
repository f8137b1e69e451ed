import type { GraphBuilder, Value } from '@fovea/onnx';
import { reshape } from '../broadcast.js';
import { channelSums } from './channel-sums.js';
import { stackTaps, type Window } from './conv-window.js';

/**
 * d weights of a depthwise Conv: each tap is the sum of the gradient times the shifted input.
 *
 * x is padded and g widened with zeros to a common grid and both flattened, so that a shift is one contiguous Slice per
 * channel and not one per row. At stride 2 the shifts are taken from the four phases, each a block of channels, since
 * Slices that skip pixels are slow; at other strides they are taken as they are.
 */
export function depthwiseWeightGradient(graph: GraphBuilder, x: Value, w: Value, g: Value, window: Window): Value {
  const { strides, dilations } = window;
  const halved = strides.every((stride) => stride === 2) && dilations.every((dilation) => dilation === 1);
  const shifted = halved || strides.every((stride) => stride === 1) ? flatShifts : slicedShifts;
  const { gradient, at } = shifted(graph, x, g, window, halved);
  const [rows, columns] = window.kernel as [number, number];
  const taps: Value[] = [];
  for (let r = 0; r < rows; r++)
    for (let s = 0; s < columns; s++) {
      const sums = channelSums(graph, graph.node('Mul', [at(r, s), gradient]));
      taps.push(reshape(graph, sums, [w.shape[0]!, 1]));
    }
  return stackTaps(graph, taps, w.shape);
}

/** The gradient laid out as the shifted inputs are, and the input that meets it at tap (r, s). */
interface Shifts {
  readonly gradient: Value;
  at(row: number, column: number): Value;
}

/** x with its own padding before, and behind as much as makes it `height` by `width`. */
function paddedTo(graph: GraphBuilder, x: Value, { pads }: Window, height: number, width: number): Value {
  const [, , xHeight, xWidth] = x.shape as [number, number, number, number];
  const [top, left] = pads as [number, number];
  return graph.node('Pad', [x, graph.ints([0, 0, top, left, 0, 0, height - xHeight - top, width - xWidth - left])]);
}

function flatShifts(graph: GraphBuilder, x: Value, g: Value, window: Window, halved: boolean): Shifts {
  const { kernel, dilations } = window;
  const [n, c, height, width] = g.shape as [number, number, number, number];
  // In pixels of the grid the shifts are on: those of x, or of its phases.
  const reach = (axis: number) => (halved ? (kernel[axis]! - 1) >> 1 : dilations[axis]! * (kernel[axis]! - 1));
  const grid = width + reach(1);
  // The last shift begins `reach(1)` pixels into a row, and so ends in another.
  const rows = height + reach(0) + (reach(1) > 0 ? 1 : 0);
  const step = halved ? 2 : 1;
  // What lies beyond the last window is cut off by a negative padding.
  const padded = paddedTo(graph, x, window, rows * step, grid * step);
  const planes = halved ? graph.node('SpaceToDepth', [padded], { blocksize: 2 }) : padded;
  const flat = reshape(graph, planes, [n, c * step * step, rows * grid]);
  const wide = grid === width ? g : graph.node('Pad', [g, graph.ints([0, 0, 0, 0, 0, 0, 0, grid - width])]);
  const length = height * grid;
  return {
    gradient: reshape(graph, wide, [n, c, length]),
    at(row, column) {
      const phase = halved ? (row % 2) * 2 + (column % 2) : 0;
      const [down, right] = halved ? [row >> 1, column >> 1] : [row * dilations[0]!, column * dilations[1]!];
      const start = down * grid + right;
      const starts = graph.ints([phase * c, start]);
      return graph.node('Slice', [flat, starts, graph.ints([(phase + 1) * c, start + length]), graph.ints([1, 2])]);
    },
  };
}

function slicedShifts(graph: GraphBuilder, x: Value, g: Value, window: Window): Shifts {
  const { kernel, strides, dilations } = window;
  const size = (axis: number) => strides[axis]! * (g.shape[axis + 2]! - 1) + 1;
  const needed = (axis: number) => size(axis) + dilations[axis]! * (kernel[axis]! - 1);
  const padded = paddedTo(graph, x, window, needed(0), needed(1));
  return {
    gradient: g,
    at(row, column) {
      const [top, left] = [row * dilations[0]!, column * dilations[1]!];
      const ends = graph.ints([top + size(0), left + size(1)]);
      return graph.node('Slice', [padded, graph.ints([top, left]), ends, graph.ints([2, 3]), graph.ints(strides)]);
    },
  };
}
