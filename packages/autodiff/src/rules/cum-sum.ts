import { intAttribute } from '@fovea/onnx';
import type { GradientRule } from '../rule.js';

/** d CumSum: the gradient summed up from the other end. */
export const cumSum: GradientRule = ({ graph, node, inputs: [, axis], gradients: [g] }) => {
  const flag = (name: string) => intAttribute(node.attributes, name, 0);
  const attributes = { exclusive: flag('exclusive'), reverse: 1 - flag('reverse') };
  return [graph.node('CumSum', [g!, axis!], attributes), null];
};
