import type { GraphBuilder, Value } from '@fovea/onnx';
import { caseOf, type GradientCase, on } from './case.js';

const slices: readonly [string, readonly number[], ...(readonly number[])[]][] = [
  ['from the end', [4, 5], [-3, 1], [1000, 4], [0, 1]],
  ['all axes by default', [4, 5], [1, 2], [3, 5]],
  ['steps of 2', [5, 6], [0, 1], [5, 6], [0, 1], [2, 2]],
  ['steps of 3, a rest behind', [8], [1], [8], [0], [3]],
  ['backwards', [5, 3], [-1], [-1000], [0], [-1]],
  ['backwards by 2', [6, 3], [4], [-1000], [0], [-2]],
  ['both ways', [6, 7], [5, 0], [0, 7], [0, 1], [-2, 3]],
  ['negative axes', [2, 3, 4], [1], [3], [-1], [1]],
  ['nothing taken', [4, 2], [2], [2], [0]],
  ['one taken by a long step', [5], [1], [5], [0], [9]],
  ['of nothing', [0, 4], [1], [3], [1]],
];

const sliced =
  (...parts: readonly (readonly number[])[]) =>
  (graph: GraphBuilder, x: Value) =>
    graph.node('Slice', [x, ...parts.map((part) => graph.ints(part))]);

const padded = (pads: readonly number[], mode: string) => (graph: GraphBuilder, x: Value) =>
  graph.node('Pad', [x, graph.ints(pads)], { mode });

const pads = ['constant', 'reflect', 'edge'].flatMap((mode) => [
  caseOf('Pad', `${mode}, one axis`, [[2, 4]], padded([0, 2, 0, 1], mode)),
  caseOf('Pad', `${mode}, both axes`, [[3, 4]], padded([1, 2, 2, 3], mode)),
  caseOf('Pad', `${mode}, a picture`, [[1, 2, 3, 3]], padded([0, 0, 1, 1, 0, 0, 1, 2], mode)),
  caseOf('Pad', `${mode}, none`, [[3, 4]], padded([0, 0, 0, 0], mode)),
  caseOf('Pad', `${mode}, negative`, [[4, 5]], padded([-1, -2, 0, -1], mode)),
  caseOf('Pad', `${mode}, in front only`, [[3]], padded([2, 0], mode)),
]);

const parts = (graph: GraphBuilder, x: Value, sizes: readonly number[] | null, axis: number, count: number) =>
  graph.nodesOf('Split', sizes ? [x, graph.ints(sizes)] : [x], { axis }, count);

/** Operators that move, join, cut and repeat. */
export const arrangementCases: readonly GradientCase[] = [
  caseOf('Reshape', 'with a rest', [[2, 6]], (g, x) => g.node('Reshape', [x, g.ints([3, -1])])),
  caseOf('Reshape', 'with a copied axis', [[2, 6]], (g, x) => g.node('Reshape', [x, g.ints([0, 2, 3])])),
  caseOf('Reshape', 'to a scalar', [[1, 1]], (g, x) => g.node('Reshape', [x, g.ints([])])),
  caseOf('Reshape', 'nothing', [[0, 6]], (g, x) => g.node('Reshape', [x, g.ints([6, 0])], { allowzero: 1 })),
  ...[0, 1, 3, -1].map((axis) => caseOf('Flatten', `axis ${axis}`, [[2, 3, 2]], on('Flatten', { axis }))),
  caseOf('Squeeze', 'all', [[1, 3, 1]], on('Squeeze')),
  caseOf('Squeeze', 'the first', [[1, 3, 1]], (g, x) => g.node('Squeeze', [x, g.ints([0])])),
  caseOf('Unsqueeze', 'two', [[3, 2]], (g, x) => g.node('Unsqueeze', [x, g.ints([0, -1])])),
  caseOf('Unsqueeze', 'a scalar', [[]], (g, x) => g.node('Unsqueeze', [x, g.ints([0])])),
  caseOf('Transpose', 'by default', [[2, 3, 4]], on('Transpose')),
  caseOf('Transpose', 'turned around', [[2, 3, 4]], on('Transpose', { perm: [2, 0, 1] })),
  caseOf('Transpose', 'nothing', [[2, 0, 4]], on('Transpose', { perm: [2, 0, 1] })),
  caseOf('Expand', 'new and old axes', [[3, 1]], (g, x) => g.node('Expand', [x, g.ints([2, 3, 4])])),
  caseOf('Expand', 'by ones', [[2, 3]], (g, x) => g.node('Expand', [x, g.ints([1, 1])])),
  caseOf('Expand', 'a scalar', [[]], (g, x) => g.node('Expand', [x, g.ints([2, 3])])),
  caseOf('Expand', 'to nothing', [[1, 3]], (g, x) => g.node('Expand', [x, g.ints([0, 3])])),
  caseOf('Tile', 'both axes', [[2, 3]], (g, x) => g.node('Tile', [x, g.ints([2, 3])])),
  caseOf('Tile', 'one axis of three', [[2, 3, 1]], (g, x) => g.node('Tile', [x, g.ints([1, 2, 1])])),
  caseOf('Tile', 'once', [[2, 3]], (g, x) => g.node('Tile', [x, g.ints([1, 1])])),
  caseOf('Tile', 'pixels of size 1', [[2, 3, 1, 1]], (g, x) => g.node('Tile', [x, g.ints([1, 1, 3, 4])])),
  caseOf(
    'Concat',
    'two',
    [
      [2, 3],
      [2, 1],
    ],
    on('Concat', { axis: 1 }),
  ),
  caseOf(
    'Concat',
    'three, one of nothing',
    [
      [2, 3],
      [0, 3],
      [1, 3],
    ],
    on('Concat', { axis: -2 }),
  ),
  caseOf('Concat', 'one', [[2, 3]], on('Concat', { axis: 0 })),
  caseOf(
    'Concat',
    'alike',
    [
      [2, 3],
      [2, 3],
    ],
    on('Concat', { axis: 0 }),
  ),
  caseOf(
    'Concat',
    'with a constant between',
    [
      [2, 3],
      [2, 1],
    ],
    (g, a, b) => g.node('Concat', [a, g.node('Expand', [g.scalar(1, a.dtype), g.ints([2, 2])]), b], { axis: 1 }),
  ),
  caseOf('Split', 'all parts', [[2, 5]], (g, x) => {
    const [a, b] = parts(g, x, [2, 3], 1, 2);
    return g.node('Concat', [b!, a!], { axis: 1 });
  }),
  caseOf('Split', 'the second of two', [[2, 5]], (g, x) => parts(g, x, [2, 3], 1, 2)[1]!),
  caseOf('Split', 'the first of three', [[6, 2]], (g, x) => parts(g, x, null, 0, 3)[0]!),
  caseOf('Split', 'two of three', [[6, 2]], (g, x) => {
    const [a, , c] = parts(g, x, null, 0, 3);
    return g.node('Mul', [a!, c!]);
  }),
  ...slices.map(([name, shape, ...rest]) => caseOf('Slice', name, [shape], sliced(...rest))),
  ...pads,
  caseOf('Pad', 'constant, a trained value', [[2, 3], []], (g, x, value) =>
    g.node('Pad', [x, g.ints([1, 0, 0, 2]), value]),
  ),
  caseOf('Pad', 'constant, padded and cut', [[4, 3]], padded([-1, 2, 1, -1], 'constant')),
  ...[0, 1].flatMap((upper) => [
    caseOf('Trilu', `upper ${upper}`, [[2, 3, 4]], on('Trilu', { upper })),
    caseOf('Trilu', `upper ${upper}, off the diagonal`, [[3, 4]], (g, x) =>
      g.node('Trilu', [x, g.scalar(1, 'int64')], { upper }),
    ),
  ]),
  ...['DCR', 'CRD'].map((mode) =>
    caseOf('DepthToSpace', mode, [[2, 8, 2, 3]], on('DepthToSpace', { blocksize: 2, mode })),
  ),
  caseOf('SpaceToDepth', 'blocks of 2', [[2, 2, 4, 6]], on('SpaceToDepth', { blocksize: 2 })),
  caseOf('DepthToSpace', 'no pictures', [[0, 8, 2, 3]], on('DepthToSpace', { blocksize: 2 })),
  caseOf('SpaceToDepth', 'no pictures', [[0, 2, 4, 6]], on('SpaceToDepth', { blocksize: 2 })),
  caseOf('Tile', 'nothing', [[0, 3]], (g, x) => g.node('Tile', [x, g.ints([2, 2])])),
  caseOf('Split', 'nothing', [[0, 4]], (g, x) => parts(g, x, null, 1, 2)[0]!),
  caseOf('Pad', 'constant, nothing', [[0, 3]], padded([0, 1, 0, 1], 'constant')),
  caseOf('Dropout', 'in inference', [[2, 3]], on('Dropout')),
];
