import type { GraphBuilder, Value } from '@fovea/onnx';

/**
 * The loss to descend, float32 []: scale sum(weights values).
 *
 * A mean is not taken here, since a worker sees only a share of the batch: `scale`, one over what the whole batch counts,
 * comes from outside, and the shares of all workers add up.
 *
 * @param values per element or position, any shape.
 * @param scale [] or [1].
 * @param weights broadcast over `values`; all 1 where left out.
 */
export function weightedSum(graph: GraphBuilder, values: Value, scale: Value, weights?: Value): Value {
  const weighted = weights ? graph.node('Mul', [values, weights]) : values;
  const scaled = graph.node('Mul', [graph.node('ReduceSum', [weighted], { keepdims: 0 }), scale]);
  return scaled.shape.length === 0 ? scaled : graph.node('Reshape', [scaled, graph.ints([])]);
}
