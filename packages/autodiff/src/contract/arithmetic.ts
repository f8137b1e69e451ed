import { dtypeNumbers } from '@fovea/onnx';
import { caseOf, type GradientCase, on } from './case.js';

const together: readonly [string, readonly (readonly number[])[]][] = [
  [
    'alike',
    [
      [2, 3],
      [2, 3],
    ],
  ],
  [
    'broadcast both ways',
    [
      [2, 1, 3],
      [4, 1],
    ],
  ],
  ['a scalar', [[2, 3], []]],
  ['a scalar first', [[], [2, 3]]],
  [
    'one number',
    [
      [2, 3],
      [1, 1, 1],
    ],
  ],
  [
    'per channel',
    [
      [2, 3, 2, 2],
      [3, 1, 1],
    ],
  ],
  ['nothing', [[0, 3], [3]]],
  ['size 1', [[1], [1]]],
];

const binary = ['Add', 'Sub', 'Mul', 'Div', 'Pow'].flatMap((op) =>
  together.map(([name, shapes]) => caseOf(op, name, shapes, on(op), { range: [0.5, 2] })),
);

// Where the first is larger and where it is smaller is kept by what the second is moved away from.
const extrema = ['Min', 'Max'].flatMap((op) => [
  ...together.map(([name, shapes]) => caseOf(op, name, shapes, on(op), { distinct: true })),
  caseOf(op, 'one input', [[3]], on(op)),
  caseOf(op, 'three inputs', [[2, 3], [3], [2, 1]], on(op), { distinct: true }),
  caseOf(op, 'with a constant', [[3, 4]], (g, x) => g.node(op, [x, g.scalar(0.5, x.dtype)]), { kinks: [0.5] }),
  caseOf(op, 'with a constant first', [[3, 4]], (g, x) => g.node(op, [g.scalar(0.5, x.dtype), x]), { kinks: [0.5] }),
]);

const powers = [2, 3, 1, 0.5, -1, 0, 1.5].map((exponent) =>
  caseOf('Pow', `to the constant ${exponent}`, [[2, 3]], (g, x) => g.node('Pow', [x, g.scalar(exponent, x.dtype)]), {
    range: [0.5, 2],
  }),
);

/** Arithmetic of two and more operands. */
export const arithmeticCases: readonly GradientCase[] = [
  ...binary,
  ...extrema,
  caseOf('Mul', 'SiLU', [[2, 5]], (g, x) => g.node('Mul', [x, g.node('Sigmoid', [x])])),
  caseOf('Mul', 'SiLU, the gate first and used again', [[2, 5]], (g, x) => {
    const gate = g.node('Sigmoid', [x]);
    return g.node('Add', [g.node('Mul', [gate, x]), gate]);
  }),
  caseOf(
    'Mul',
    'gated by the sigmoid of another',
    [
      [2, 5],
      [2, 5],
    ],
    (g, x, z) => g.node('Mul', [x, g.node('Sigmoid', [z])]),
  ),
  ...powers,
  caseOf('Pow', 'of negative numbers, squared', [[2, 3]], (g, x) => g.node('Pow', [x, g.scalar(2, x.dtype)])),
  caseOf('Pow', 'to a constant per column', [[2, 3]], (g, x) =>
    g.node('Pow', [x, g.node('Cast', [g.ints([0, 1, 3])], { to: dtypeNumbers[x.dtype] })]),
  ),
  caseOf('Pow', 'to whole numbers', [[2, 3]], (g, x) => g.node('Pow', [x, g.ints([2, 1, 3])])),
  ...['Sum', 'Mean'].flatMap((op) => [
    caseOf(op, 'one', [[2, 3]], on(op)),
    caseOf(op, 'three, broadcast', [[2, 3], [3], [2, 1]], on(op)),
    caseOf(op, 'nothing', [[0, 3], [3]], on(op)),
  ]),
  caseOf(
    'Where',
    'alike',
    [
      [2, 3],
      [2, 3],
    ],
    (g, a, b) => g.node('Where', [g.node('Greater', [a, b]), a, b]),
    {
      distinct: true,
    },
  ),
  caseOf(
    'Where',
    'broadcast',
    [
      [2, 3],
      [4, 1, 1],
    ],
    (g, a, b) => g.node('Where', [g.node('Greater', [g.ints([1, 2, 3]), g.ints([2])]), a, b]),
  ),
  caseOf('Where', 'a scalar', [[2, 3], []], (g, a, b) =>
    g.node('Where', [g.node('Greater', [g.ints([1, 2, 3]), g.ints([2])]), b, a]),
  ),
  caseOf('Where', 'by a wider condition', [[3], [3]], (g, a, b) =>
    g.node('Where', [g.node('Greater', [g.node('Reshape', [g.ints([1, 2]), g.ints([2, 1])]), g.ints([1])]), a, b]),
  ),
  caseOf('Where', 'nothing', [[0, 3], [3]], (g, a, b) => g.node('Where', [g.node('Greater', [a, b]), a, b])),
  caseOf('Cast', 'to double', [[4]], (g, x) => g.node('Cast', [g.node('Mul', [x, x])], { to: dtypeNumbers.float64 })),
  caseOf('Cast', 'to float and back', [[4]], (g, x) => {
    const single = g.node('Cast', [x], { to: dtypeNumbers.float32 });
    // What rounding does is too small to see where all steps are.
    return g.node('Add', [x, g.node('Cast', [g.node('Mul', [single, g.scalar(0)])], { to: dtypeNumbers[x.dtype] })]);
  }),
];
