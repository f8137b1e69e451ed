import { type GraphBuilder, intAttribute, sizeOf, tensorOf, type Value } from '@fovea/onnx';
import { castTo, reshape } from '../broadcast.js';
import type { GradientRule } from '../rule.js';
import { linearIndices, scatterRows } from '../scatter.js';

/** Index tuples with the number of their batch in front: [...batch, ..., depth + batch axes]. */
function withBatch(graph: GraphBuilder, indices: Value, batch: number): Value {
  if (batch === 0) return indices;
  const leading = indices.shape.slice(0, -1);
  const numbers: number[] = [];
  for (let i = 0; i < sizeOf(leading); i++) {
    const place: number[] = [];
    let rest = i;
    for (let axis = leading.length - 1; axis >= 0; axis--) {
      place.unshift(rest % leading[axis]!);
      rest = Math.floor(rest / leading[axis]!);
    }
    numbers.push(...place.slice(0, batch));
  }
  const places = graph.constant(tensorOf('int64', numbers, [...leading, batch]));
  return graph.node('Concat', [places, castTo(graph, indices, 'int64')], { axis: -1 });
}

/** d GatherND: each slice of the gradient added where it was taken from. */
export const gatherND: GradientRule = ({ graph, node, inputs: [x, indices], gradients: [g] }) => {
  const tuples = withBatch(graph, indices!, intAttribute(node.attributes, 'batch_dims', 0));
  const depth = tuples.shape.at(-1)!;
  const lengths = x!.shape.slice(0, depth);
  const count = sizeOf(tuples.shape.slice(0, -1));
  const at = reshape(graph, linearIndices(graph, tuples, lengths), [count]);
  const rows = reshape(graph, g!, [count, ...x!.shape.slice(depth)]);
  return [reshape(graph, scatterRows(graph, rows, at, sizeOf(lengths)), x!.shape), null];
};
