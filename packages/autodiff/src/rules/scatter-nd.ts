import { stringAttribute } from '@fovea/onnx';
import { filled } from '../broadcast.js';
import { type GradientRule, uncovered } from '../rule.js';

/**
 * d ScatterND: to the updates, the gradient where they went; to the data, the gradient where nothing was overwritten
 * (all of it where the updates are added).
 */
export const scatterND: GradientRule = ({ graph, node, inputs: [x, indices, updates], gradients: [g], needs }) => {
  const reduction = stringAttribute(node.attributes, 'reduction', 'none');
  if (reduction !== 'none' && reduction !== 'add') throw uncovered(node, `reduces by "${reduction}"`);
  const kept = () => {
    if (reduction === 'add') return g!;
    return graph.node('ScatterND', [g!, indices!, filled(graph, x!.dtype, updates!.shape, 0)]);
  };
  return [needs[0] ? kept() : null, null, needs[2] ? graph.node('GatherND', [g!, indices!]) : null];
};
