import { dtypeNumbers, type GraphBuilder, numbersOf, type Shape, sizeOf, type Value } from '@fovea/onnx';
import { castTo, filled, reshape } from './broadcast.js';
import { embedded } from './cutout.js';

/** Up to so many rows a product with a one-hot matrix is faster than scattering element by element. */
const oneHotRows = 256;

/** Negative indices counted from the front of `length` rows. */
function wrapped(graph: GraphBuilder, indices: Value, length: number): Value {
  const negative = graph.node('Less', [indices, graph.scalar(0, 'int64')]);
  return graph.node('Where', [negative, graph.node('Add', [indices, graph.scalar(length, 'int64')]), indices]);
}

/**
 * Rows added up where they were taken from: [K, …rest] and K indices to [rows, …rest]. Where no index repeats, the rows
 * are only moved.
 *
 * ScatterND with reduction "add" would be the operator for it, but ONNX Runtime (1.30) adds in several threads at once
 * without guarding the sum: with repeated indices and more than one thread it loses rows.
 */
export function scatterRows(graph: GraphBuilder, g: Value, indices: Value, rows: number): Value {
  const rest = g.shape.slice(1);
  const shape: Shape = [rows, ...rest];
  const known = graph.tensorOf(indices);
  if (known) {
    const numbers = numbersOf(known).map((index) => (index < 0 ? index + rows : index));
    if (numbers.every((index, i) => index === numbers[0]! + i))
      return embedded(
        graph,
        g,
        shape.map((_, axis) => (axis === 0 ? (numbers[0] ?? 0) : 0)),
        shape,
      );
    if (new Set(numbers).size === numbers.length) {
      if (numbers.length === rows)
        return graph.node('Gather', [g, graph.ints(numbers.map((_, row) => numbers.indexOf(row)))], { axis: 0 });
      const at = reshape(graph, graph.ints(numbers), [numbers.length, 1]);
      return graph.node('ScatterND', [filled(graph, g.dtype, shape, 0), at, g]);
    }
  }
  const flat = reshape(graph, g, [g.shape[0]!, sizeOf(rest)]);
  const at = castTo(graph, indices, 'int64');
  const column = reshape(graph, at, [g.shape[0]!, 1]);
  if (rows <= oneHotRows) {
    const range = graph.ints(Array.from({ length: rows }, (_, i) => i));
    const row = reshape(graph, wrapped(graph, at, rows), [1, g.shape[0]!]);
    const hot = graph.node('Equal', [reshape(graph, range, [rows, 1]), row]);
    const matrix = graph.node('Cast', [hot], { to: dtypeNumbers[g.dtype] });
    return reshape(graph, graph.node('MatMul', [matrix, flat]), shape);
  }
  const zeros = filled(graph, g.dtype, [rows, sizeOf(rest)], 0);
  const spread = graph.node('Expand', [column, graph.ints(flat.shape)]);
  const sums = graph.node('ScatterElements', [zeros, spread, flat], { axis: 0, reduction: 'add' });
  return reshape(graph, sums, shape);
}

/**
 * Index tuples as single indices into the first axes flattened: [..., depth] and axes of `lengths` to [...].
 * Negative ones are counted from the end first.
 */
export function linearIndices(graph: GraphBuilder, indices: Value, lengths: Shape): Value {
  const at = castTo(graph, indices, 'int64');
  const sizes = graph.ints(lengths);
  const negative = graph.node('Less', [at, graph.scalar(0, 'int64')]);
  const front = graph.node('Where', [negative, graph.node('Add', [at, sizes]), at]);
  const strides = graph.ints(lengths.map((_, axis) => sizeOf(lengths.slice(axis + 1))));
  return graph.node('ReduceSum', [graph.node('Mul', [front, strides]), graph.ints([-1])], { keepdims: 0 });
}
