import { type GraphBuilder, intAttribute, intsAttribute, OnnxError, type Value } from '@fovea/onnx';
import { reshape, sumOver } from '../broadcast.js';
import type { GradientRule } from '../rule.js';
import { convWeightGradient } from './conv-weight.js';

/** What a two-dimensional convolution slides; pads are top, left, bottom, right. */
export interface Window {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
  readonly group: number;
}

/** Weights [K, C, kh, kw] turned by 180 degrees with the channel axes swapped: [C, K, kh, kw]. */
function flipped(graph: GraphBuilder, w: Value): Value {
  const swapped = graph.node('Transpose', [w], { perm: [1, 0, 2, 3] });
  if (w.shape[2] === 1 && w.shape[3] === 1) return swapped;
  const steps = graph.ints([-1, -1]);
  return graph.node('Slice', [swapped, steps, graph.ints([-1000, -1000]), graph.ints([2, 3]), steps]);
}

/** d x: a Conv with the flipped weights at stride 1, else a ConvTranspose. */
function inputGradient(graph: GraphBuilder, x: Value, w: Value, g: Value, window: Window): Value {
  const { kernel, strides, dilations, pads, group } = window;
  if (group === 1 && strides[0] === 1 && strides[1] === 1) {
    const reach = [0, 1, 0, 1].map((axis) => dilations[axis]! * (kernel[axis]! - 1));
    const turned = reach.map((length, i) => length - pads[i]!);
    if (turned.every((pad) => pad >= 0))
      return graph.node('Conv', [g, flipped(graph, w)], { pads: turned, dilations: [...dilations] });
  }
  const outputPadding = [0, 1].map((axis) => {
    const reached =
      strides[axis]! * (g.shape[axis + 2]! - 1) +
      dilations[axis]! * (kernel[axis]! - 1) +
      1 -
      pads[axis]! -
      pads[axis + 2]!;
    return x.shape[axis + 2]! - reached;
  });
  return graph.node('ConvTranspose', [g, w], {
    strides: [...strides],
    dilations: [...dilations],
    pads: [...pads],
    group,
    output_padding: outputPadding,
  });
}

/** d Conv in two dimensions: of the input, the weights (`conv-weight.ts`) and the bias. */
export const conv: GradientRule = ({ graph, node, inputs: [x, w, b], gradients: [g], needs }) => {
  if (x!.shape.length !== 4)
    throw new OnnxError('unsupported_gradient', `Conv "${node.name}" is not two-dimensional; no gradient yet.`);
  if (!['', 'NOTSET', 'VALID'].includes((node.attributes.auto_pad as string | undefined) ?? ''))
    throw new OnnxError('unsupported_gradient', `Conv "${node.name}" pads by auto_pad; write its pads out.`);
  const pair = (name: string) => (intsAttribute(node.attributes, name) ?? [1, 1]) as [number, number];
  const window: Window = {
    kernel: [w!.shape[2]!, w!.shape[3]!],
    strides: pair('strides'),
    dilations: pair('dilations'),
    pads: (intsAttribute(node.attributes, 'pads') ?? [0, 0, 0, 0]) as Window['pads'],
    group: intAttribute(node.attributes, 'group', 1),
  };
  return [
    needs[0] ? inputGradient(graph, x!, w!, g!, window) : null,
    needs[1] ? convWeightGradient(graph, x!, w!, g!, window) : null,
    b && needs[2] ? reshape(graph, sumOver(graph, g!, [0, 2, 3]), b.shape) : null,
  ];
};
