import { intAttribute, transposedWindowOf } from '@fovea/onnx';
import { reshape, sumOver } from '../broadcast.js';
import type { GradientRule } from '../rule.js';
import { convWeightGradient } from './conv-weight.js';
import { cut } from './conv-window.js';

/**
 * d ConvTranspose. The operator is the transpose of a Conv with the same weights, so its input gradient is that Conv,
 * and its weight gradient is that Conv's with the parts of input and output gradient changed over.
 */
export const convTranspose: GradientRule = ({ graph, node, inputs: [x, w, b], gradients: [g], needs }) => {
  const kernel = w!.shape.slice(2);
  const group = intAttribute(node.attributes, 'group', 1);
  const { strides, dilations, pads } = transposedWindowOf(node.attributes, x!.shape.slice(2), kernel);
  const window = { kernel, strides, dilations, pads, group };
  const inputGradient = () => {
    let dx = graph.node('Conv', [g!, w!], {
      strides: [...strides],
      dilations: [...dilations],
      pads: [...pads],
      group,
      kernel_shape: [...kernel],
    });
    // An output padding as long as a stride makes room for windows that no input has.
    for (let axis = 2; axis < x!.shape.length; axis++) dx = cut(graph, dx, axis, 0, x!.shape[axis]!);
    return dx;
  };
  const spatial = [...g!.shape.keys()].filter((axis) => axis !== 1);
  return [
    needs[0] ? inputGradient() : null,
    needs[1] ? convWeightGradient(graph, g!, w!, x!, window) : null,
    b && needs[2] ? reshape(graph, sumOver(graph, g!, spatial), b.shape) : null,
  ];
};
