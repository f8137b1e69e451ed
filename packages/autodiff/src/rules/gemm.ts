import { float, floatAttribute, intAttribute, type Value } from '@fovea/onnx';
import { scaled, sumTo } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d(alpha A' B' + beta C), with A' and B' the operands or their transposes: a Gemm each; beta g summed to C. */
export const gemm: GradientRule = ({ graph, node, inputs: [a, b, c], gradients: [g], needs }) => {
  const transA = intAttribute(node.attributes, 'transA', 0) === 1;
  const transB = intAttribute(node.attributes, 'transB', 0) === 1;
  const alpha = float(floatAttribute(node.attributes, 'alpha', 1));
  const times = (left: Value, right: Value, turnLeft: boolean, turnRight: boolean) =>
    graph.node('Gemm', [left, right], { alpha, transA: Number(turnLeft), transB: Number(turnRight) });
  const first = () => (transA ? times(b!, g!, transB, true) : times(g!, b!, false, !transB));
  const second = () => (transB ? times(g!, a!, true, transA) : times(a!, g!, !transA, false));
  return [
    needs[0] ? first() : null,
    needs[1] ? second() : null,
    c && needs[2] ? scaled(graph, sumTo(graph, g!, c.shape), floatAttribute(node.attributes, 'beta', 1)) : null,
  ];
};
