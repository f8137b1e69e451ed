import { intAttribute } from '@fovea/onnx';
import type { GradientRule } from '../rule.js';

/** d SpaceToDepth: the channels of the gradient put back into blocks. */
export const spaceToDepth: GradientRule = ({ graph, node, gradients: [g] }) => [
  graph.node('DepthToSpace', [g!], { blocksize: intAttribute(node.attributes, 'blocksize', 1), mode: 'DCR' }),
];
