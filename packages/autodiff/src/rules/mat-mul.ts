import { type GraphBuilder, OnnxError, type Value } from '@fovea/onnx';
import { sumTo } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

function transposed(graph: GraphBuilder, value: Value): Value {
  const rank = value.shape.length;
  const perm = value.shape.map((_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
  return graph.node('Transpose', [value], { perm });
}

/** d(A B): G B^T and A^T G, summed where a batch axis was broadcast. */
export const matMul: GradientRule = ({ graph, node, inputs: [a, b], gradients: [g], needs }) => {
  if (a!.shape.length < 2 || b!.shape.length < 2)
    throw new OnnxError(
      'unsupported_gradient',
      `MatMul "${node.name}" has a vector operand, which has no gradient yet.`,
    );
  return [
    needs[0] ? sumTo(graph, graph.node('MatMul', [g!, transposed(graph, b!)]), a!.shape) : null,
    needs[1] ? sumTo(graph, graph.node('MatMul', [transposed(graph, a!), g!]), b!.shape) : null,
  ];
};
