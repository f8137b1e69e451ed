import { floatAttribute } from '@fovea/onnx';
import { scaled } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d Celu: g where x is positive, g e^(x / alpha) = g (y / alpha + 1) elsewhere (Barron 2017, arXiv:1704.07483). */
export const celu: GradientRule = ({ graph, node, outputs: [y], gradients: [g] }) => {
  const number = (value: number) => graph.scalar(value, y!.dtype);
  const below = graph.node('Min', [y!, number(0)]);
  const slope = graph.node('Add', [scaled(graph, below, 1 / floatAttribute(node.attributes, 'alpha', 1)), number(1)]);
  return [graph.node('Mul', [g!, slope])];
};
