import { floatAttribute } from '@fovea/onnx';
import { scaled } from '../broadcast.js';
import type { GradientRule } from '../rule.js';
import { between } from '../step.js';

/** d max(0, min(1, alpha x + beta)): alpha g where the output lies between 0 and 1. */
export const hardSigmoid: GradientRule = ({ graph, node, outputs: [y], gradients: [g] }) => {
  const inside = between(graph, y!, graph.scalar(0, y!.dtype), graph.scalar(1, y!.dtype));
  return [scaled(graph, graph.node('Mul', [g!, inside]), floatAttribute(node.attributes, 'alpha', 0.2))];
};
