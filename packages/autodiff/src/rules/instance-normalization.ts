import { floatAttribute, sizeOf } from '@fovea/onnx';
import { reshape, sumOver } from '../broadcast.js';
import { normalizationGradient, normalized } from '../normalize.js';
import type { GradientRule } from '../rule.js';

/** d InstanceNormalization (Ulyanov et al. 2016, arXiv:1607.08022): each channel of each picture is normalized. */
export const instanceNormalization: GradientRule = ({ graph, node, inputs: [x, scale], gradients: [g], needs }) => {
  const [n, c, ...spatial] = x!.shape as [number, number, ...number[]];
  const shape = [n, c, sizeOf(spatial)];
  const epsilon = floatAttribute(node.attributes, 'epsilon', 1e-5);
  const flat = reshape(graph, g!, shape);
  const parts = needs[0] || needs[1] ? normalized(graph, reshape(graph, x!, shape), 2, epsilon) : undefined;
  const perChannel = (value: typeof flat) => reshape(graph, sumOver(graph, value, [0, 2]), [c]);
  const input = () => {
    const weighted = graph.node('Mul', [flat, reshape(graph, scale!, [c, 1])]);
    return reshape(graph, normalizationGradient(graph, parts!, weighted, 2), x!.shape);
  };
  return [
    needs[0] ? input() : null,
    needs[1] ? perChannel(graph.node('Mul', [flat, parts!.values])) : null,
    needs[2] ? perChannel(flat) : null,
  ];
};
