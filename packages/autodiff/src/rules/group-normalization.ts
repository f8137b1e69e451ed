import { floatAttribute, intAttribute, sizeOf, type Value } from '@fovea/onnx';
import { reshape, sumTo } from '../broadcast.js';
import { normalizationGradient, normalized } from '../normalize.js';
import type { GradientRule } from '../rule.js';

/**
 * d GroupNormalization (Wu & He 2018, arXiv:1803.08494): the channels of a group are normalized together. Scale and
 * bias are one number per group (operator set 18) or per channel (21). Works from the inputs alone.
 */
export const groupNormalization: GradientRule = ({ graph, node, inputs, gradients: [g], needs }) => {
  const [x, scale, bias] = inputs as [Value, Value, Value];
  const [n, c, ...spatial] = x.shape as [number, number, ...number[]];
  const groups = intAttribute(node.attributes, 'num_groups', 1);
  const size = sizeOf(spatial);
  const apart = [n, groups, c / groups, size];
  const together = [n, groups, (c / groups) * size];
  const epsilon = floatAttribute(node.attributes, 'epsilon', 1e-5);
  // As [groups, channels of a group or 1, 1], either kind broadcasts.
  const aligned = (value: Value) => reshape(graph, value, [groups, value.shape[0]! / groups, 1]);
  const flat = reshape(graph, g!, apart);
  const parts = needs[0] || needs[1] ? normalized(graph, reshape(graph, x, together), 2, epsilon) : undefined;
  const input = () => {
    const weighted = reshape(graph, graph.node('Mul', [flat, aligned(scale)]), together);
    return reshape(graph, normalizationGradient(graph, parts!, weighted, 2), x.shape);
  };
  const summed = (value: Value, like: Value) => {
    const shape = [groups, like.shape[0]! / groups, 1];
    return reshape(graph, sumTo(graph, value, shape), like.shape);
  };
  return [
    needs[0] ? input() : null,
    needs[1] ? summed(graph.node('Mul', [flat, reshape(graph, parts!.values, apart)]), scale) : null,
    needs[2] ? summed(flat, bias) : null,
  ];
};
