import { type GraphBuilder, type Shape, tensorOf, type Value } from '@fovea/onnx';
import { caseOf, type GradientCase } from './case.js';

const indices = (graph: GraphBuilder, values: readonly number[], shape: Shape, dtype: 'int64' | 'int32' = 'int64') =>
  graph.constant(tensorOf(dtype, values, shape));

/** The same indices, but not known when the graph is built. */
function computed(graph: GraphBuilder, values: readonly number[], shape: Shape): Value {
  return graph.node('Add', [indices(graph, values, shape), graph.scalar(0, 'int64')]);
}

type Gathering = readonly [name: string, data: Shape, values: readonly number[], shape: Shape, axis: number];
const gathers: readonly Gathering[] = [
  ['repeated', [3, 4], [2, 0, 2], [3], 1],
  ['the first axis', [4, 3], [3, 1, 3], [3], 0],
  ['a permutation', [4, 3], [3, 1, 0, 2], [4], 0],
  ['a permutation of channels', [2, 4, 3], [3, 1, 0, 2], [4], 1],
  ['some, none twice', [5, 3], [4, 1], [2], 0],
  ['neighbours', [5, 3], [1, 2, 3], [3], 0],
  ['from the end', [4, 3], [-1, 0, -2], [3], 0],
  ['one', [4, 3], [2], [], 0],
  ['one of the middle axis', [2, 4, 3], [-1], [], 1],
  ['a table of indices', [2, 4, 3], [0, 3, 3, 1], [2, 2], 1],
  ['the last axis', [2, 3, 4], [0, 3, 3, 1], [2, 2], -1],
  ['nothing', [4, 3], [], [0], 0],
];

/** Operators that read and write at indices. */
export const gatheringCases: readonly GradientCase[] = [
  ...gathers.flatMap(([name, data, values, shape, axis]) => [
    caseOf('Gather', name, [data], (g, x) => g.node('Gather', [x, indices(g, values, shape)], { axis })),
    caseOf('Gather', `${name}, computed indices`, [data], (g, x) =>
      g.node('Gather', [x, computed(g, values, shape)], { axis }),
    ),
  ]),
  caseOf('Gather', 'of many rows', [[300, 2]], (g, x) => g.node('Gather', [x, indices(g, [7, 299, -1, 7], [4])])),
  caseOf('Gather', 'int32 indices', [[4, 3]], (g, x) => g.node('Gather', [x, indices(g, [1, 1, 3], [3], 'int32')])),
  caseOf('GatherElements', 'axis 1, repeated', [[2, 4]], (g, x) =>
    g.node('GatherElements', [x, indices(g, [0, 3, 3, -4, 1, 1], [2, 3])], { axis: 1 }),
  ),
  caseOf('GatherElements', 'axis 0, fewer columns', [[3, 4]], (g, x) =>
    g.node('GatherElements', [x, indices(g, [0, 2, 2, 2], [2, 2])], { axis: 0 }),
  ),
  caseOf('GatherND', 'elements', [[3, 4]], (g, x) => g.node('GatherND', [x, indices(g, [0, 1, 2, -1, 0, 1], [3, 2])])),
  caseOf('GatherND', 'rows', [[3, 4]], (g, x) => g.node('GatherND', [x, indices(g, [2, 0, 2], [3, 1])])),
  caseOf('GatherND', 'rows, by a table', [[3, 2, 2]], (g, x) =>
    g.node('GatherND', [x, indices(g, [2, 0, 0, 1, 2, 0, -1, 1], [2, 2, 2])]),
  ),
  caseOf('GatherND', 'one batch axis', [[2, 3, 2]], (g, x) =>
    g.node('GatherND', [x, indices(g, [2, 0], [2, 1])], { batch_dims: 1 }),
  ),
  caseOf('GatherND', 'one batch axis, several each', [[2, 3, 2]], (g, x) =>
    g.node('GatherND', [x, indices(g, [2, 0, 0, 0, 1, 1], [2, 3, 1])], { batch_dims: 1 }),
  ),
  caseOf('GatherND', 'computed indices', [[3, 4]], (g, x) =>
    g.node('GatherND', [x, computed(g, [0, 1, 2, 3, 0, 1], [3, 2])]),
  ),
  caseOf(
    'ScatterElements',
    'replacing',
    [
      [3, 3],
      [2, 3],
    ],
    (g, x, u) => g.node('ScatterElements', [x, indices(g, [0, 1, 2, 2, 0, 1], [2, 3]), u], { axis: 0 }),
  ),
  caseOf(
    'ScatterElements',
    'adding, repeated',
    [
      [3, 3],
      [2, 2],
    ],
    (g, x, u) => g.node('ScatterElements', [x, indices(g, [1, 1, 0, -1], [2, 2]), u], { axis: 1, reduction: 'add' }),
  ),
  caseOf(
    'ScatterND',
    'rows replaced',
    [
      [4, 3],
      [2, 3],
    ],
    (g, x, u) => g.node('ScatterND', [x, indices(g, [3, 0], [2, 1]), u]),
  ),
  caseOf('ScatterND', 'elements replaced', [[4, 3], [2]], (g, x, u) =>
    g.node('ScatterND', [x, indices(g, [3, 0, 1, 2], [2, 2]), u]),
  ),
  caseOf(
    'ScatterND',
    'rows added, repeated',
    [
      [4, 3],
      [3, 3],
    ],
    (g, x, u) => g.node('ScatterND', [x, indices(g, [3, 0, 3], [3, 1]), u], { reduction: 'add' }),
  ),
];
