import { float, type Shape } from '@fovea/onnx';
import { caseOf, type GradientCase, on } from './case.js';

const matMuls: readonly [string, Shape, Shape][] = [
  ['matrices', [3, 4], [4, 2]],
  ['square', [3, 3], [3, 3]],
  ['batches alike', [2, 3, 4], [2, 4, 2]],
  ['one right matrix', [2, 3, 4], [4, 2]],
  ['one right matrix, two batch axes', [2, 2, 3, 4], [4, 2]],
  ['one left matrix', [3, 4], [2, 4, 2]],
  ['broadcast batches', [2, 1, 3, 4], [3, 4, 2]],
  ['batch of 1', [1, 3, 4], [2, 4, 2]],
  ['vectors', [4], [4]],
  ['a vector on the left', [4], [4, 2]],
  ['a vector on the left of batches', [4], [3, 4, 2]],
  ['a vector on the right', [3, 4], [4]],
  ['a vector on the right of batches', [2, 3, 4], [4]],
  ['sizes 1', [1, 1], [1, 1]],
  ['no rows', [0, 4], [4, 2]],
];

const gemms = [0, 1].flatMap((transA) =>
  [0, 1].map((transB) =>
    caseOf(
      'Gemm',
      `transA ${transA}, transB ${transB}, alpha, beta`,
      [transA ? [4, 3] : [3, 4], transB ? [2, 4] : [4, 2], [2]],
      on('Gemm', { transA, transB, alpha: float(0.5), beta: float(2) }),
    ),
  ),
);
const biases = ([[], [1], [2], [3, 1], [1, 2], [3, 2]] as Shape[]).map((bias) =>
  caseOf('Gemm', `bias [${bias}]`, [[3, 4], [4, 2], bias], on('Gemm')),
);

const fused = [0, 1].flatMap((transA) =>
  [0, 1].flatMap((transB) => {
    const attributes = { transA, transB, alpha: float(0.5) };
    const a = transA ? [4, 3] : [3, 4];
    const b = transB ? [2, 4] : [4, 2];
    const product = on('FusedMatMul', attributes, 'com.microsoft');
    return [
      caseOf('FusedMatMul', `transA ${transA}, transB ${transB}`, [a, b], product),
      caseOf(
        'FusedMatMul',
        `transA ${transA}, transB ${transB}, batches`,
        [
          [2, ...a],
          [2, ...b],
        ],
        product,
      ),
    ];
  }),
);

const equations: readonly [string, ...Shape[]][] = [
  ['ij,jk->ik', [2, 3], [3, 4]],
  ['bij,bjk->bik', [2, 2, 3], [2, 3, 2]],
  ['bhqd,bhkd->bhqk', [1, 2, 3, 2], [1, 2, 2, 2]],
  ['...ij,...jk->...ik', [2, 2, 3], [2, 3, 2]],
  ['...ij,jk->...ik', [2, 2, 3], [3, 2]],
  ['ij->ji', [2, 3]],
  ['ij->', [2, 3]],
  ['ij->i', [2, 3]],
  ['ij,kj', [2, 3], [2, 3]],
  ['i,j->ij', [2], [3]],
  ['ij,k->i', [2, 3], [4]],
  ['ij,ij->ij', [2, 3], [1, 3]],
  ['i,i->', [3], [3]],
  ['ab,bc,cd->ad', [2, 3], [3, 2], [2, 2]],
  ['nchw,kc->nkhw', [1, 2, 2, 2], [3, 2]],
];

/** Matrix products. */
export const productCases: readonly GradientCase[] = [
  ...matMuls.map(([name, a, b]) => caseOf('MatMul', name, [a, b], on('MatMul'))),
  ...gemms,
  ...biases,
  caseOf(
    'Gemm',
    'no bias',
    [
      [3, 4],
      [4, 2],
    ],
    on('Gemm'),
  ),
  ...fused,
  ...equations.map(([equation, ...shapes]) =>
    caseOf(
      'Einsum',
      `${equation} of ${shapes.map((shape) => `[${shape}]`).join(' ')}`,
      shapes,
      on('Einsum', { equation }),
    ),
  ),
];
