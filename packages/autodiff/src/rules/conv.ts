import { type GraphBuilder, intAttribute, type Value, windowOf } from '@fovea/onnx';
import { reshape, sumOver } from '../broadcast.js';
import type { GradientRule } from '../rule.js';
import { matrixConv, suitsMatrix } from './conv-matrix.js';
import { convWeightGradient } from './conv-weight.js';
import type { Window } from './conv-window.js';
import { suitsWinograd, suitsWinogradForward, winogradConv } from './conv-winograd.js';

/** Weights [K, C / group, ...] with their kernel turned round on every axis and the channels changed over per group. */
function flipped(graph: GraphBuilder, w: Value, group: number): Value {
  const [k, c] = w.shape as [number, number];
  const spatial = w.shape.slice(2);
  const grouped = reshape(graph, w, [group, k / group, c, ...spatial]);
  const perm = [0, 2, 1, ...spatial.map((_, axis) => axis + 3)];
  const turned = k === group && c === 1 ? grouped : graph.node('Transpose', [grouped], { perm });
  const swapped = reshape(graph, turned, [group * c, k / group, ...spatial]);
  const long = spatial.flatMap((size, axis) => (size > 1 ? [axis + 2] : []));
  if (long.length === 0) return swapped;
  const all = (value: number) => graph.ints(long.map(() => value));
  return graph.node('Slice', [swapped, all(-1), all(-1 - Math.max(...w.shape)), graph.ints(long), all(-1)]);
}

/** d x: a Conv with the flipped weights at stride 1, else a ConvTranspose. */
function inputGradient(graph: GraphBuilder, x: Value, w: Value, g: Value, window: Window): Value {
  const { kernel, strides, dilations, pads, group } = window;
  const rank = kernel.length;
  const reach = kernel.map((size, axis) => dilations[axis]! * (size - 1));
  if (strides.every((stride) => stride === 1)) {
    const turned = pads.map((pad, i) => reach[i % rank]! - pad);
    if (turned.every((pad) => pad >= 0))
      return graph.node('Conv', [g, flipped(graph, w, group)], { pads: turned, dilations: [...dilations], group });
  }
  const outputPadding = kernel.map((_, axis) => {
    const covered = strides[axis]! * (g.shape[axis + 2]! - 1) + reach[axis]! + 1;
    return x.shape[axis + 2]! + pads[axis]! + pads[axis + rank]! - covered;
  });
  return graph.node('ConvTranspose', [g, w], {
    strides: [...strides],
    dilations: [...dilations],
    pads: [...pads],
    group,
    output_padding: outputPadding,
  });
}

/**
 * d Conv over any number of spatial axes: of the input, the weights (`conv-weight.ts`) and the bias.
 *
 * Where both gradients are wanted and the convolution itself is computed sooner another way, which shares its parts with
 * them, it takes the Conv's place: equal but for rounding.
 */
export const conv: GradientRule = ({
  graph,
  node,
  inputs: [x, w, b],
  outputs: [y],
  gradients: [g],
  needs,
  restate,
}) => {
  const kernel = w!.shape.slice(2);
  const group = intAttribute(node.attributes, 'group', 1);
  const window = { kernel, group, ...windowOf(node.attributes, x!.shape.slice(2), kernel) };
  const summed = [...g!.shape.keys()].filter((axis) => axis !== 1);
  const bias = b && needs[2] ? reshape(graph, sumOver(graph, g!, summed), b.shape) : null;
  const matrix = suitsMatrix(x!, w!, g!, window);
  if (matrix || suitsWinograd(x!, w!, g!, window)) {
    const other = (matrix ? matrixConv : winogradConv)(graph, x!, w!, y!, window);
    if (!b && needs[0] && needs[1] && (matrix || suitsWinogradForward(x!, w!, g!, window))) restate(other.output);
    return [needs[0] ? other.inputGradient(g!) : null, needs[1] ? other.weightGradient(g!) : null, bias];
  }
  return [
    needs[0] ? inputGradient(graph, x!, w!, g!, window) : null,
    needs[1] ? convWeightGradient(graph, x!, w!, g!, window) : null,
    bias,
  ];
};
