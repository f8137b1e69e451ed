import { intAttribute, stringAttribute } from '@fovea/onnx';
import { reshape } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d DepthToSpace: the blocks of the gradient put back into channels, in the order they came from (DCR or CRD). */
export const depthToSpace: GradientRule = ({ graph, node, inputs: [x], gradients: [g] }) => {
  const block = intAttribute(node.attributes, 'blocksize', 1);
  if (stringAttribute(node.attributes, 'mode', 'DCR') === 'DCR')
    return [graph.node('SpaceToDepth', [g!], { blocksize: block })];
  const [n, c, height, width] = g!.shape as [number, number, number, number];
  const apart = reshape(graph, g!, [n, c, height / block, block, width / block, block]);
  return [reshape(graph, graph.node('Transpose', [apart], { perm: [0, 1, 3, 5, 2, 4] }), x!.shape)];
};
