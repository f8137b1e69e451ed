import type { GraphBuilder, Value } from '@fovea/onnx';
import { caseOf, type GradientCase } from './case.js';

type Axes = readonly number[] | undefined;

/** The reduction at operator set 17: ReduceSum takes its axes as an input, the others as an attribute. */
const reduce =
  (op: string, axes: Axes, keepdims: number, rest = {}) =>
  (graph: GraphBuilder, x: Value) =>
    op === 'ReduceSum'
      ? graph.node(op, axes ? [x, graph.ints(axes)] : [x], { keepdims, ...rest })
      : graph.node(op, [x], axes ? { axes, keepdims } : { keepdims });

const operators: readonly [string, Partial<GradientCase>][] = [
  ['ReduceSum', {}],
  ['ReduceMean', {}],
  ['ReduceMax', { distinct: true }],
  ['ReduceMin', { distinct: true }],
  ['ReduceL1', { kinks: [0] }],
  ['ReduceL2', { range: [0.5, 2] }],
  ['ReduceSumSquare', {}],
  ['ReduceLogSum', { range: [0.5, 2] }],
  ['ReduceLogSumExp', {}],
  ['ReduceProd', { range: [0.5, 2] }],
];

const all = operators.flatMap(([op, rest]) => [
  caseOf(op, 'axis 1, kept', [[2, 3, 4]], reduce(op, [1], 1), rest),
  caseOf(op, 'axis 1, dropped', [[2, 3, 4]], reduce(op, [1], 0), rest),
  caseOf(op, 'axes 0 and -1, dropped', [[2, 3, 4]], reduce(op, [0, -1], 0), rest),
  caseOf(op, 'axes 2 and 3, kept', [[2, 2, 3, 2]], reduce(op, [2, 3], 1), rest),
  caseOf(op, 'all, kept', [[2, 3]], reduce(op, undefined, 1), rest),
  caseOf(op, 'all, dropped', [[2, 3]], reduce(op, undefined, 0), rest),
  caseOf(op, 'an axis of size 1', [[3, 1]], reduce(op, [1], 1), rest),
  caseOf(op, 'no rows', [[0, 3]], reduce(op, [1], 1), rest),
]);

/** Reductions and what runs along an axis. */
export const reductionCases: readonly GradientCase[] = [
  ...all,
  caseOf('ReduceSum', 'no axes, all', [[2, 3]], reduce('ReduceSum', [], 0)),
  caseOf('ReduceSum', 'no axes, nothing to do', [[2, 3]], reduce('ReduceSum', [], 1, { noop_with_empty_axes: 1 })),
  caseOf('ReduceProd', 'both signs', [[2, 3]], reduce('ReduceProd', [1], 0)),
  caseOf('ReduceProd', 'with one zero', [[2, 3]], (g, x) =>
    // 1, 0 and 1 times what is drawn, plus the drawn itself in the second row alone.
    g.node('ReduceProd', [g.node('Mul', [x, g.node('Sub', [x, firstOf(g, x)])])], { axes: [1], keepdims: 0 }),
  ),
  ...[0, 1].flatMap((exclusive) =>
    [0, 1].flatMap((reverse) =>
      [0, -1].map((axis) =>
        caseOf('CumSum', `axis ${axis}, exclusive ${exclusive}, reverse ${reverse}`, [[3, 4]], (g, x) =>
          g.node('CumSum', [x, g.scalar(axis, 'int64')], { exclusive, reverse }),
        ),
      ),
    ),
  ),
  caseOf('CumSum', 'nothing', [[0, 4]], (g, x) => g.node('CumSum', [x, g.scalar(1, 'int64')])),
  ...[1, 0].flatMap((largest) => [
    caseOf(
      'TopK',
      `the last axis, largest ${largest}`,
      [[3, 5]],
      (g, x) => g.nodesOf('TopK', [x, g.ints([2])], { largest }, 2)[0]!,
      { distinct: true },
    ),
    caseOf(
      'TopK',
      `axis 0, largest ${largest}`,
      [[5, 3]],
      (g, x) => g.nodesOf('TopK', [x, g.ints([3])], { largest, axis: 0 }, 2)[0]!,
      { distinct: true },
    ),
  ]),
  caseOf('TopK', 'of one', [[3, 1]], (g, x) => g.nodesOf('TopK', [x, g.ints([1])], {}, 2)[0]!),
];

function firstOf(graph: GraphBuilder, x: Value): Value {
  return graph.node('Slice', [x, graph.ints([0, 1]), graph.ints([1, 2])]);
}
