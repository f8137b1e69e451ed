import { floatAttribute } from '@fovea/onnx';
import type { GradientRule } from '../rule.js';
import { choose } from '../step.js';

/** d Elu: g where x is positive, g alpha e^x = g (y + alpha) elsewhere. */
export const elu: GradientRule = ({ graph, node, outputs: [y], gradients: [g] }) => {
  const alpha = floatAttribute(node.attributes, 'alpha', 1);
  const below = graph.node('Min', [y!, graph.scalar(0, y!.dtype)]);
  const offset = alpha === 1 ? graph.scalar(1, y!.dtype) : choose(graph, y!, 1, alpha);
  return [graph.node('Mul', [g!, graph.node('Add', [below, offset])])];
};
