import { type GraphBuilder, tensorOf, type Value } from '@fovea/onnx';
import { reshape } from '../broadcast.js';
import { isDepthwise, once, type RestatedConv, type Window } from './conv-window.js';

/** The largest matrix of a channel: at 4x4 it is four times as fast as convolving, at 8x8 no faster. */
const largestMatrix = 640;

const planeOf = ({ shape }: Value) => shape.slice(2).reduce((product, side) => product * side, 1);

/** Whether a depthwise convolution is computed sooner as one matrix per channel: where the map is a few pixels. */
export function suitsMatrix(x: Value, w: Value, g: Value, window: Window): boolean {
  const pixels = planeOf(x) * planeOf(g);
  return x.shape.length === 4 && isDepthwise(x, w, window) && pixels > 0 && pixels <= largestMatrix;
}

/**
 * A depthwise Conv as y[c] = x[c] T[c], with x[c] the pictures' pixels [N, H W] and T[c] = sum over taps t of w[c, t] M[t]:
 * M[t][i, j] is 1 where tap t of the window for output pixel j lies on input pixel i.
 */
export function matrixConv(graph: GraphBuilder, x: Value, w: Value, y: Value, window: Window): RestatedConv {
  const { kernel, strides, dilations, pads } = window;
  const [n, c, xHeight, xWidth] = x.shape as [number, number, number, number];
  const [, , height, width] = y.shape as [number, number, number, number];
  const [rows, columns] = kernel as [number, number];
  const [from, to] = [xHeight * xWidth, height * width];
  const places = new Uint8Array(rows * columns * from * to);
  for (let r = 0; r < rows; r++)
    for (let s = 0; s < columns; s++)
      for (let i = 0; i < height; i++)
        for (let j = 0; j < width; j++) {
          const row = i * strides[0]! + r * dilations[0]! - pads[0]!;
          const column = j * strides[1]! + s * dilations[1]! - pads[1]!;
          if (row < 0 || row >= xHeight || column < 0 || column >= xWidth) continue;
          places[((r * columns + s) * from + row * xWidth + column) * to + i * width + j] = 1;
        }
  const taps = graph.constant(tensorOf(x.dtype, places, [rows * columns, from * to]));
  /** [N, C, H, W] to [C, N, H W], and back. */
  const byChannel = (value: Value, pixels: number) =>
    graph.node('Transpose', [reshape(graph, value, [n, c, pixels])], { perm: [1, 0, 2] });
  const byPicture = (value: Value, like: Value) =>
    reshape(graph, graph.node('Transpose', [value], { perm: [1, 0, 2] }), like.shape);
  const turned = (value: Value) => graph.node('Transpose', [value], { perm: [0, 2, 1] });
  const matrix = once(() => {
    const summed = graph.node('MatMul', [reshape(graph, w, [c, rows * columns]), taps]);
    return reshape(graph, summed, [c, from, to]);
  });
  const pixels = once(() => byChannel(x, from));
  return {
    output: () => byPicture(graph.node('MatMul', [pixels(), matrix()]), y),
    inputGradient: (g) => byPicture(graph.node('MatMul', [byChannel(g, to), turned(matrix())]), x),
    weightGradient(g) {
      const change = reshape(graph, graph.node('MatMul', [turned(pixels()), byChannel(g, to)]), [c, from * to]);
      const turnedTaps = graph.node('Transpose', [taps], { perm: [1, 0] });
      return reshape(graph, graph.node('MatMul', [change, turnedTaps]), w.shape);
    },
  };
}
