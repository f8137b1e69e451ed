import { intsAttribute } from '@fovea/onnx';
import type { GradientRule } from '../rule.js';

/** d Transpose: the gradient with the axes put back. */
export const transpose: GradientRule = ({ graph, node, inputs: [x], gradients: [g] }) => {
  const perm = intsAttribute(node.attributes, 'perm') ?? x!.shape.map((_, i) => x!.shape.length - 1 - i);
  return [graph.node('Transpose', [g!], { perm: perm.map((_, axis) => perm.indexOf(axis)) })];
};
