import type { Attributes, Shape } from '@fovea/onnx';
import { caseOf, type GradientCase, on } from './case.js';

type Variant = readonly [name: string, x: Shape, w: Shape, attributes: Attributes];

const convs: readonly Variant[] = [
  ['1x1', [2, 3, 4, 5], [6, 3, 1, 1], {}],
  ['1x1 on a large map', [2, 2, 40, 40], [3, 2, 1, 1], {}],
  ['3x3', [2, 3, 5, 4], [2, 3, 3, 3], { pads: [1, 1, 1, 1] }],
  ['3x3, no pads', [1, 2, 5, 4], [2, 2, 3, 3], {}],
  ['3x3 on a large map', [1, 2, 36, 36], [2, 2, 3, 3], { pads: [1, 1, 1, 1] }],
  ['3x3 on a larger map, fewer channels out', [1, 2, 92, 92], [1, 2, 3, 3], { pads: [1, 1, 1, 1] }],
  ['3x2 on a larger map, uneven pads', [1, 1, 93, 94], [2, 1, 3, 2], { pads: [1, 1, 0, 0] }],
  ['5x3, uneven pads', [1, 2, 7, 6], [3, 2, 5, 3], { pads: [2, 0, 1, 1] }],
  ['a row', [1, 2, 3, 7], [2, 2, 1, 5], { pads: [0, 2, 0, 2] }],
  ['a column', [1, 2, 7, 3], [2, 2, 5, 1], { pads: [2, 0, 2, 0] }],
  ['pads wider than the window', [1, 2, 3, 3], [2, 2, 1, 1], { pads: [1, 2, 1, 2] }],
  ['stride 2, even size', [2, 3, 6, 8], [4, 3, 3, 3], { pads: [1, 1, 1, 1], strides: [2, 2] }],
  ['stride 2, odd size', [1, 2, 7, 5], [3, 2, 3, 3], { pads: [1, 1, 1, 1], strides: [2, 2] }],
  ['stride 2, 1x1', [1, 2, 6, 6], [3, 2, 1, 1], { strides: [2, 2] }],
  ['stride 2, 2x2', [1, 2, 6, 6], [3, 2, 2, 2], { strides: [2, 2] }],
  ['stride 2, 5x5', [1, 2, 8, 8], [2, 2, 5, 5], { strides: [2, 2], pads: [2, 2, 2, 2] }],
  ['stride 2, 7x7', [1, 2, 9, 10], [2, 2, 7, 7], { strides: [2, 2], pads: [3, 3, 3, 3] }],
  ['stride 4, 4x4 (patches)', [1, 3, 8, 8], [2, 3, 4, 4], { strides: [4, 4] }],
  ['stride 3, a rest left over', [1, 2, 9, 8], [2, 2, 2, 2], { strides: [3, 3] }],
  ['strides that differ', [1, 2, 6, 7], [2, 2, 3, 3], { pads: [1, 1, 1, 1], strides: [1, 2] }],
  ['dilated', [1, 2, 7, 7], [2, 2, 3, 3], { pads: [2, 2, 2, 2], dilations: [2, 2] }],
  ['dilated, stride 2', [1, 2, 8, 8], [2, 2, 3, 3], { pads: [2, 2, 2, 2], dilations: [2, 2], strides: [2, 2] }],
  ['grouped', [1, 4, 5, 5], [6, 2, 3, 3], { pads: [1, 1, 1, 1], group: 2 }],
  ['grouped, stride 2', [1, 4, 6, 5], [4, 2, 3, 3], { pads: [1, 1, 1, 1], group: 2, strides: [2, 2] }],
  ['depthwise', [2, 3, 5, 5], [3, 1, 3, 3], { pads: [1, 1, 1, 1], group: 3 }],
  ['depthwise, 5x5', [1, 3, 6, 5], [3, 1, 5, 5], { pads: [2, 2, 2, 2], group: 3 }],
  ['depthwise, stride 2', [2, 3, 6, 5], [3, 1, 3, 3], { pads: [1, 1, 1, 1], group: 3, strides: [2, 2] }],
  [
    'depthwise, stride 2, pads of one side',
    [1, 3, 6, 6],
    [3, 1, 3, 3],
    { pads: [0, 0, 1, 1], group: 3, strides: [2, 2] },
  ],
  ['depthwise on a map', [2, 3, 9, 8], [3, 1, 3, 3], { pads: [1, 1, 1, 1], group: 3 }],
  ['depthwise on a map, no pads', [1, 3, 9, 8], [3, 1, 3, 3], { group: 3 }],
  ['depthwise on a map, stride 2', [2, 3, 10, 9], [3, 1, 3, 3], { pads: [1, 1, 1, 1], group: 3, strides: [2, 2] }],
  ['depthwise on a map, 4x2, stride 2', [1, 3, 9, 9], [3, 1, 4, 2], { pads: [1, 0, 1, 0], group: 3, strides: [2, 2] }],
  ['depthwise on a map, dilated', [1, 3, 9, 8], [3, 1, 3, 3], { pads: [2, 3, 2, 3], group: 3, dilations: [2, 3] }],
  ['depthwise, dilated', [1, 2, 7, 7], [2, 1, 3, 3], { pads: [2, 2, 2, 2], group: 2, dilations: [2, 2] }],
  ['depthwise, two each', [1, 2, 5, 5], [4, 1, 3, 3], { pads: [1, 1, 1, 1], group: 2 }],
  ['auto_pad SAME_UPPER', [1, 2, 6, 7], [2, 2, 3, 3], { auto_pad: 'SAME_UPPER', strides: [2, 2] }],
  ['auto_pad SAME_LOWER', [1, 2, 6, 7], [2, 2, 4, 4], { auto_pad: 'SAME_LOWER' }],
  ['auto_pad VALID', [1, 2, 6, 7], [2, 2, 3, 3], { auto_pad: 'VALID', strides: [2, 2] }],
  ['one pixel', [2, 3, 1, 1], [4, 3, 1, 1], {}],
  ['one pixel, 3x3', [2, 3, 1, 1], [2, 3, 3, 3], { pads: [1, 1, 1, 1] }],
  ['one-dimensional', [2, 3, 7], [2, 3, 3], { pads: [1, 1], strides: [2] }],
  ['one-dimensional, grouped, dilated', [2, 4, 9], [6, 2, 3], { pads: [1, 2], group: 2, dilations: [2] }],
  ['three-dimensional', [1, 2, 4, 5, 3], [3, 2, 2, 3, 3], { pads: [0, 1, 1, 1, 1, 1], strides: [1, 2, 1] }],
  ['three-dimensional, depthwise', [1, 2, 4, 5, 3], [2, 1, 2, 3, 3], { pads: [0, 1, 1, 1, 1, 1], group: 2 }],
  ['wider than the map', [1, 2, 3, 2], [2, 2, 5, 5], { pads: [2, 2, 2, 2] }],
  ['strides that differ, 1x1', [1, 4, 8, 7], [3, 4, 1, 1], { strides: [3, 2] }],
  ['depthwise, 5x5, stride 2', [1, 3, 9, 8], [3, 1, 5, 5], { pads: [2, 2, 2, 2], group: 3, strides: [2, 2] }],
  [
    'depthwise, stride 3, dilated',
    [1, 3, 12, 11],
    [3, 1, 3, 3],
    { pads: [1, 0, 2, 1], group: 3, strides: [3, 3], dilations: [2, 1] },
  ],
  ['many channels (Winograd)', [2, 40, 7, 6], [36, 40, 3, 3], { pads: [1, 1, 1, 1] }],
  ['many channels, uneven pads (Winograd)', [1, 64, 8, 9], [64, 64, 3, 3], { pads: [2, 0, 0, 1] }],
];

/** Without a bias, where a Conv's output is computed another way too. */
const restated: readonly Variant[] = [
  ['3x3', [1, 2, 4, 4], [2, 2, 3, 3], { pads: [1, 1, 1, 1] }],
  ['depthwise, few pixels', [2, 3, 4, 4], [3, 1, 3, 3], { pads: [1, 1, 1, 1], group: 3 }],
  ['depthwise, few pixels, stride 2', [2, 3, 6, 5], [3, 1, 3, 3], { pads: [0, 1, 1, 0], group: 3, strides: [2, 2] }],
  ['depthwise, few pixels, dilated', [1, 2, 5, 5], [2, 1, 5, 3], { pads: [2, 2, 2, 2], group: 2, dilations: [1, 2] }],
  ['many channels (Winograd)', [1, 64, 6, 5], [68, 64, 3, 3], { pads: [1, 1, 1, 1] }],
  ['many channels, uneven pads (Winograd)', [1, 68, 8, 9], [64, 68, 3, 3], { pads: [2, 0, 0, 1] }],
];

const transposed: readonly Variant[] = [
  ['2x2, stride 2', [1, 3, 3, 4], [3, 2, 2, 2], { strides: [2, 2] }],
  ['3x3', [1, 2, 4, 3], [2, 3, 3, 3], { pads: [1, 1, 1, 1] }],
  ['4x4, stride 2', [2, 2, 3, 3], [2, 2, 4, 4], { strides: [2, 2], pads: [1, 1, 1, 1] }],
  [
    '3x3, stride 2, padded output',
    [1, 2, 3, 3],
    [2, 2, 3, 3],
    { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] },
  ],
  ['uneven pads', [1, 2, 4, 4], [2, 2, 3, 3], { strides: [2, 1], pads: [0, 1, 1, 0] }],
  ['dilated', [1, 2, 3, 3], [2, 2, 3, 3], { dilations: [2, 2] }],
  ['three-dimensional', [1, 2, 3, 2, 3], [2, 2, 2, 2, 3], { strides: [2, 1, 1] }],
  ['stride 3, padded output', [1, 2, 2, 2], [2, 2, 2, 2], { strides: [3, 3], output_padding: [2, 1] }],
  ['grouped', [1, 4, 3, 3], [4, 3, 3, 3], { group: 2, strides: [2, 2] }],
  ['depthwise', [1, 3, 3, 3], [3, 1, 4, 4], { group: 3, strides: [2, 2], pads: [1, 1, 1, 1] }],
  ['auto_pad SAME_UPPER', [1, 2, 3, 3], [2, 2, 3, 3], { auto_pad: 'SAME_UPPER', strides: [2, 2] }],
  ['auto_pad SAME_LOWER', [1, 2, 3, 3], [2, 2, 3, 3], { auto_pad: 'SAME_LOWER', strides: [2, 2] }],
  ['auto_pad VALID', [1, 2, 3, 3], [2, 2, 3, 3], { auto_pad: 'VALID', strides: [2, 2] }],
  ['output_shape', [1, 2, 3, 3], [2, 2, 3, 3], { output_shape: [6, 5], strides: [2, 2] }],
  ['one pixel', [1, 2, 1, 1], [2, 2, 2, 2], { strides: [2, 2] }],
  ['one-dimensional', [2, 2, 4], [2, 3, 3], { strides: [2], pads: [1, 0] }],
];

type PoolVariant = readonly [name: string, x: Shape, attributes: Attributes];
const square = (kernel: number, rest: Attributes = {}): Attributes => ({ kernel_shape: [kernel, kernel], ...rest });
const pools: readonly PoolVariant[] = [
  ['2x2, stride 2', [2, 2, 4, 6], square(2, { strides: [2, 2] })],
  ['2x2, stride 2, a rest left over', [1, 2, 5, 5], square(2, { strides: [2, 2] })],
  ['2x2, stride 2, ceil', [1, 2, 5, 5], square(2, { strides: [2, 2], ceil_mode: 1 })],
  ['3x3, stride 2', [1, 2, 7, 6], square(3, { strides: [2, 2], pads: [1, 1, 1, 1] })],
  ['3x3, stride 2, ceil', [1, 2, 6, 8], square(3, { strides: [2, 2], ceil_mode: 1 })],
  ['3x3, stride 2, ceil, pads', [1, 1, 6, 7], square(3, { strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1 })],
  ['3x3, stride 1', [1, 2, 5, 4], square(3, { pads: [1, 1, 1, 1] })],
  ['5x5, stride 1', [1, 2, 6, 5], square(5, { pads: [2, 2, 2, 2] })],
  ['3x3, no pads', [1, 2, 5, 4], square(3)],
  ['3x2, uneven', [1, 2, 5, 6], { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 0, 1] }],
  ['stride over the window', [1, 2, 7, 7], square(2, { strides: [3, 3] })],
  ['the whole map', [2, 3, 3, 3], square(3)],
  ['SAME_UPPER', [1, 2, 5, 6], square(3, { auto_pad: 'SAME_UPPER', strides: [2, 2] })],
  ['SAME_LOWER', [1, 2, 5, 6], square(2, { auto_pad: 'SAME_LOWER' })],
  ['VALID', [1, 2, 5, 6], square(2, { auto_pad: 'VALID' })],
  ['one pixel', [1, 2, 1, 1], square(1)],
  ['one-dimensional', [2, 2, 7], { kernel_shape: [3], strides: [2], pads: [1, 1] }],
];
const withAndWithoutPads = pools.filter(([, , { pads, auto_pad, ceil_mode }]) => pads || auto_pad || ceil_mode);

/** Convolutions and pools. */
export const windowCases: readonly GradientCase[] = [
  ...convs.flatMap(([name, x, w, attributes]) => [caseOf('Conv', name, [x, w, [w[0]!]], on('Conv', attributes))]),
  ...restated.map(([name, x, w, attributes]) => caseOf('Conv', `${name}, no bias`, [x, w], on('Conv', attributes))),
  caseOf('AveragePool', 'no pictures', [[0, 2, 4, 4]], on('AveragePool', square(2, { strides: [2, 2] }))),
  ...transposed.map(([name, x, w, attributes]) =>
    caseOf('ConvTranspose', name, [x, w, [w[1]! * Number(attributes.group ?? 1)]], on('ConvTranspose', attributes)),
  ),
  caseOf(
    'ConvTranspose',
    '3x3, no bias',
    [
      [1, 2, 3, 3],
      [2, 2, 3, 3],
    ],
    on('ConvTranspose'),
  ),
  ...pools.flatMap(([name, x, attributes]) => [
    caseOf('MaxPool', name, [x], on('MaxPool', attributes), { distinct: true }),
    caseOf('AveragePool', name, [x], on('AveragePool', attributes)),
  ]),
  caseOf('MaxPool', 'dilated', [[1, 2, 7, 7]], on('MaxPool', square(3, { dilations: [2, 2] })), { distinct: true }),
  ...withAndWithoutPads.map(([name, x, attributes]) =>
    caseOf('AveragePool', `${name}, pads counted`, [x], on('AveragePool', { ...attributes, count_include_pad: 1 })),
  ),
  ...['GlobalAveragePool', 'GlobalMaxPool'].flatMap((op) => [
    caseOf(op, 'pictures', [[2, 3, 2, 4]], on(op), { distinct: true }),
    caseOf(op, 'one pixel', [[2, 3, 1, 1]], on(op), { distinct: true }),
    caseOf(op, 'one-dimensional', [[2, 3, 4]], on(op), { distinct: true }),
  ]),
];
