import { floatAttribute } from '@fovea/onnx';
import type { GradientRule } from '../rule.js';
import { choose } from '../step.js';

/** d Selu: gamma g where x is positive, gamma alpha g e^x = g (y + gamma alpha) elsewhere (Klambauer et al. 2017). */
export const selu: GradientRule = ({ graph, node, outputs: [y], gradients: [g] }) => {
  const alpha = floatAttribute(node.attributes, 'alpha', 1.6732631921768188);
  const gamma = floatAttribute(node.attributes, 'gamma', 1.0507010221481323);
  const below = graph.node('Min', [y!, graph.scalar(0, y!.dtype)]);
  return [graph.node('Mul', [g!, graph.node('Add', [below, choose(graph, y!, gamma, gamma * alpha)])])];
};
