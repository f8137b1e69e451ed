import { floatAttribute, intAttribute, normalizeAxis } from '@fovea/onnx';
import { sumTo } from '../broadcast.js';
import { normalizationGradient, normalized } from '../normalize.js';
import { type GradientRule, uncovered } from '../rule.js';

/**
 * d LayerNormalization (Ba, Kiros & Hinton 2016, arXiv:1607.06450): of the scale sum(g xhat), of the bias sum(g), of
 * the input that of a normalization, from g scale.
 */
export const layerNormalization: GradientRule = ({ graph, node, inputs: [x, scale, bias], gradients, needs }) => {
  const [g, ...statistics] = gradients;
  if (!g || statistics.some(Boolean)) throw uncovered(node, 'passes its mean or deviation on to the loss');
  const axis = normalizeAxis(intAttribute(node.attributes, 'axis', -1), x!.shape.length);
  const epsilon = floatAttribute(node.attributes, 'epsilon', 1e-5);
  const parts = needs[0] || needs[1] ? normalized(graph, x!, axis, epsilon) : undefined;
  return [
    needs[0] ? normalizationGradient(graph, parts!, graph.node('Mul', [g, scale!]), axis) : null,
    needs[1] ? sumTo(graph, graph.node('Mul', [g, parts!.values]), scale!.shape) : null,
    bias && needs[2] ? sumTo(graph, g, bias.shape) : null,
  ];
};
