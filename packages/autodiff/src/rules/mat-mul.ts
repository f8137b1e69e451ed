import { type GraphBuilder, type Shape, sizeOf, type Value } from '@fovea/onnx';
import { reshape, sumTo } from '../broadcast.js';
import { product } from '../product.js';
import type { GradientRule } from '../rule.js';

/** Rows of all batches under one another. */
const stacked = (graph: GraphBuilder, value: Value) =>
  reshape(graph, value, [sizeOf(value.shape.slice(0, -1)), value.shape.at(-1)!]);

/**
 * d(A B): G B^T and A^T G, summed where a batch axis was broadcast. A vector is a row on the left, a column on the
 * right. Where B is one matrix for many A, the batches are rows of one large product.
 */
export const matMul: GradientRule = ({ graph, inputs: [first, second], gradients: [gradient], needs }) => {
  const rows: Shape = first!.shape.length === 1 ? [1, ...first!.shape] : first!.shape;
  const columns: Shape = second!.shape.length === 1 ? [...second!.shape, 1] : second!.shape;
  const batch = gradient!.shape.slice(
    0,
    gradient!.shape.length - Number(first!.shape.length > 1) - Number(second!.shape.length > 1),
  );
  let a = reshape(graph, first!, rows);
  const b = reshape(graph, second!, columns);
  let g = reshape(graph, gradient!, [...batch, rows.at(-2)!, columns.at(-1)!]);
  if (b.shape.length === 2 && a.shape.length > 2) {
    a = stacked(graph, a);
    g = stacked(graph, g);
  }
  const toFirst = () => {
    const result = product(graph, g, b, { transB: true });
    return result.shape.length === 2 ? reshape(graph, result, first!.shape) : sumTo(graph, result, rows);
  };
  const toSecond = () => sumTo(graph, product(graph, a, g, { transA: true }), columns);
  return [
    needs[0] ? reshape(graph, toFirst(), first!.shape) : null,
    needs[1] ? reshape(graph, toSecond(), second!.shape) : null,
  ];
};
