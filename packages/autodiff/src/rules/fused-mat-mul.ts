import { floatAttribute, intAttribute } from '@fovea/onnx';
import { sumTo } from '../broadcast.js';
import { product } from '../product.js';
import type { GradientRule } from '../rule.js';

/** d alpha A' B' (com.microsoft), with A' and B' the operands or their transposes; sums where a batch was broadcast. */
export const fusedMatMul: GradientRule = ({ graph, node, inputs: [a, b], gradients: [g], needs }) => {
  const transA = intAttribute(node.attributes, 'transA', 0) === 1;
  const transB = intAttribute(node.attributes, 'transB', 0) === 1;
  const alpha = floatAttribute(node.attributes, 'alpha', 1);
  const first = () =>
    transA
      ? product(graph, b!, g!, { transA: transB, transB: true, alpha })
      : product(graph, g!, b!, { transB: !transB, alpha });
  const second = () =>
    transB
      ? product(graph, g!, a!, { transA: true, transB: transA, alpha })
      : product(graph, a!, g!, { transA: !transA, alpha });
  return [needs[0] ? sumTo(graph, first(), a!.shape) : null, needs[1] ? sumTo(graph, second(), b!.shape) : null];
};
