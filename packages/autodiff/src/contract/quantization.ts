import { type DType, type GraphBuilder, type Tensor, tensorOf, type Value } from '@fovea/onnx';
import { caseOf, type GradientCase } from './case.js';

type Scale = readonly [values: readonly number[], axis: number];

const limits = { uint8: [0, 255], int8: [-128, 127] } as const;

function tensors(dtype: DType, type: 'uint8' | 'int8', [values, axis]: Scale, zeros: readonly number[], rank: number) {
  const scalar = values.length === 1;
  const shape = scalar ? [] : [values.length];
  const wide = Array.from({ length: rank }, (_, i) => (!scalar && i === axis ? values.length : 1));
  const plain = (numbers: readonly number[]): Tensor => tensorOf(dtype, numbers, wide);
  return { scale: tensorOf(dtype, values, shape), zero: tensorOf(type, zeros, shape), wide, plain };
}

/** There and back through a quantized type. */
function roundTrip(name: string, type: 'uint8' | 'int8', scale: Scale, zeros: readonly number[]): GradientCase[] {
  const axis = scale[1];
  const shape = [2, 3, 2];
  const attributes = { axis };
  const build = (graph: GraphBuilder, x: Value): Value => {
    const { scale: step, zero } = tensors(x.dtype, type, scale, zeros, 3);
    const [s, z] = [graph.constant(step), graph.constant(zero)];
    return graph.node('DequantizeLinear', [graph.node('QuantizeLinear', [x, s, z], attributes), s, z], attributes);
  };
  // Rounding taken away, clipping kept.
  const surrogate = (graph: GraphBuilder, x: Value): Value => {
    const { plain } = tensors(x.dtype, type, scale, zeros, 3);
    const bound = (limit: number) => graph.constant(plain(zeros.map((zero, i) => (limit - zero) * scale[0][i]!)));
    return graph.node('Max', [graph.node('Min', [x, bound(limits[type][1])]), bound(limits[type][0])]);
  };
  const kinks = zeros.flatMap((zero, i) => limits[type].map((limit) => (limit - zero) * scale[0][i]!));
  return ['QuantizeLinear', 'DequantizeLinear'].map((op) => caseOf(op, name, [shape], build, { surrogate, kinks }));
}

/** Straight-through gradients of quantization. */
export const quantizationCases: readonly GradientCase[] = [
  ...roundTrip('uint8, one scale', 'uint8', [[0.01], 1], [128]),
  ...roundTrip('uint8, zero point 0', 'uint8', [[0.005], 1], [0]),
  ...roundTrip('int8, one scale', 'int8', [[0.01], 1], [0]),
  ...roundTrip('int8, per channel', 'int8', [[0.01, 0.005, 0.02], 1], [0, 3, -5]),
  ...roundTrip('int8, along the last axis', 'int8', [[0.01, 0.006], 2], [1, -20]),
  caseOf('DequantizeLinear', 'a trained scale', [[3]], (g, scale) => {
    const q = g.constant(tensorOf('int8', [-3, 5, 100, 7, 0, -128], [2, 3]));
    return g.node('DequantizeLinear', [q, scale, g.constant(tensorOf('int8', [1, 0, -2]))], { axis: 1 });
  }),
];
