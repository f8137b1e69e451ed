import { float } from '@fovea/onnx';
import { caseOf, type GradientCase, on } from './case.js';

type Range = readonly [number, number];
const smooth: readonly [string, Range?][] = [
  ['Exp'],
  ['Identity'],
  ['Neg'],
  ['Sigmoid'],
  ['Tanh'],
  ['Softplus'],
  ['Erf'],
  ['Sin'],
  ['Cos'],
  ['Atan'],
  ['Sqrt', [0.5, 2]],
  ['Log', [0.5, 2]],
  ['Reciprocal', [0.5, 2]],
  ['Reciprocal', [-2, -0.5]],
];

const bent: readonly GradientCase[] = [
  caseOf('Abs', 'both signs', [[2, 5]], on('Abs'), { kinks: [0] }),
  caseOf('Relu', 'both signs', [[2, 5]], on('Relu'), { kinks: [0] }),
  caseOf('Softsign', 'both signs', [[2, 5]], on('Softsign'), { kinks: [0] }),
  ...[0.01, 0.3, 1, 1.5, 0, -0.2].map((alpha) =>
    caseOf('LeakyRelu', `alpha ${alpha}`, [[2, 5]], on('LeakyRelu', { alpha: float(alpha) }), { kinks: [0] }),
  ),
  ...[1, 0.5, 1.7].flatMap((alpha) =>
    ['Elu', 'Celu'].map((op) =>
      caseOf(op, `alpha ${alpha}`, [[2, 5]], on(op, { alpha: float(alpha) }), { kinks: [0] }),
    ),
  ),
  caseOf('Selu', 'by default', [[2, 5]], on('Selu'), { kinks: [0] }),
  caseOf('Selu', 'alpha 0.5, gamma 2', [[2, 5]], on('Selu', { alpha: float(0.5), gamma: float(2) }), { kinks: [0] }),
  caseOf('HardSigmoid', 'by default', [[3, 7]], on('HardSigmoid'), { range: [-4, 4], kinks: [-2.5, 2.5] }),
  caseOf('HardSigmoid', 'alpha 1/6', [[3, 7]], on('HardSigmoid', { alpha: float(1 / 6) }), {
    range: [-5, 5],
    kinks: [-3, 3],
  }),
  caseOf('HardSigmoid', 'beta 0', [[3, 7]], on('HardSigmoid', { beta: float(0), alpha: float(0.5) }), {
    range: [-3, 3],
    kinks: [0, 2],
  }),
  caseOf('HardSwish', 'all three pieces', [[3, 7]], on('HardSwish'), { range: [-5, 5], kinks: [-3, 3] }),
];

const prelu = ([[], [1], [3, 1, 1], [1, 3, 1, 1], [2, 3, 2, 2]] as const).map((slope) =>
  caseOf('PRelu', `slope [${slope}]`, [[2, 3, 2, 2], [...slope]], on('PRelu'), { kinks: [0], alias: slope.length < 4 }),
);

const gelu = [
  caseOf('Gelu', 'of com.microsoft', [[2, 5]], on('Gelu', {}, 'com.microsoft')),
  caseOf('Gelu', 'of operator set 20', [[2, 5]], on('Gelu'), { opset: 20 }),
  caseOf('Gelu', 'by tanh', [[2, 5]], on('Gelu', { approximate: 'tanh' }), { opset: 20 }),
  caseOf('QuickGelu', 'by default', [[2, 5]], on('QuickGelu', {}, 'com.microsoft')),
  caseOf('QuickGelu', 'alpha 1', [[2, 5]], on('QuickGelu', { alpha: float(1) }, 'com.microsoft')),
  caseOf('Mish', 'of operator set 18', [[2, 5]], on('Mish'), { opset: 18 }),
];

const clip = [
  caseOf('Clip', 'both bounds', [[3, 5]], (g, x) => g.node('Clip', [x, g.scalar(-1, x.dtype), g.scalar(1, x.dtype)]), {
    kinks: [-1, 1],
  }),
  caseOf('Clip', '0 to 6', [[3, 5]], (g, x) => g.node('Clip', [x, g.scalar(0, x.dtype), g.scalar(6, x.dtype)]), {
    range: [-8, 8],
    kinks: [0, 6],
  }),
  caseOf('Clip', 'below only, at 0', [[3, 5]], (g, x) => g.node('Clip', [x, g.scalar(0, x.dtype)]), { kinks: [0] }),
  caseOf('Clip', 'below only, at 1', [[3, 5]], (g, x) => g.node('Clip', [x, g.scalar(1, x.dtype)]), { kinks: [1] }),
  caseOf('Clip', 'above only', [[3, 5]], (g, x) => g.node('Clip', [x, null, g.scalar(1, x.dtype)]), { kinks: [1] }),
  caseOf('Clip', 'no bounds', [[3, 5]], on('Clip')),
  caseOf(
    'Clip',
    'trained bounds',
    [[3, 5], [], []],
    (g, x, a, b) =>
      g.node('Clip', [x, g.node('Sub', [a, g.scalar(1, x.dtype)]), g.node('Add', [b, g.scalar(1, x.dtype)])]),
    { range: [-1.9, 1.9], alias: false },
  ),
];

const softmax = ['Softmax', 'LogSoftmax'].flatMap((op) => [
  caseOf(op, 'last axis', [[2, 3, 4]], on(op)),
  caseOf(op, 'axis 1', [[2, 3, 4]], on(op, { axis: 1 })),
  caseOf(op, 'axis 0', [[3, 2]], on(op, { axis: 0 })),
  caseOf(op, 'axis of size 1', [[3, 1]], on(op)),
  caseOf(op, 'nothing', [[0, 3]], on(op)),
]);

/** Functions of one number, and softmax. */
export const activationCases: readonly GradientCase[] = [
  ...smooth.flatMap(([op, range]) => [
    caseOf(op, `${range ?? ''} [2,5]`, [[2, 5]], on(op), range ? { range } : {}),
    caseOf(op, `${range ?? ''} scalar`, [[]], on(op), range ? { range } : {}),
    caseOf(op, `${range ?? ''} nothing`, [[0, 3]], on(op), range ? { range } : {}),
  ]),
  ...bent,
  ...bent
    .filter(({ op }, i, all) => all.findIndex((each) => each.op === op) === i)
    .map((each) => ({ ...each, name: 'nothing', shapes: [[0, 3]] })),
  ...prelu,
  ...gelu,
  ...clip,
  ...softmax,
];
