import { type DType, type GraphBuilder, intAttribute, normalizeAxis, type Shape, type Value } from '@fovea/onnx';
import { castTo, reshape } from './broadcast.js';
import type { GradientContext } from './rule.js';

const limits: Partial<Record<DType, readonly [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
};

/** Smallest and largest number of a quantized type; `undefined` for a type that does not clip. */
export function limitsOf(dtype: DType): readonly [number, number] | undefined {
  return limits[dtype];
}

/** The shape in which a scale, one number or one per slice along `axis`, broadcasts over the data. */
export function scaleShape({ node, inputs: [x, scale] }: GradientContext): Shape {
  if (scale!.shape.length === 0 || scale!.shape[0] === 1) return x!.shape.map(() => 1);
  const axis = normalizeAxis(intAttribute(node.attributes, 'axis', 1), x!.shape.length);
  return x!.shape.map((length, i) => (i === axis ? length : 1));
}

/** Scale and zero point (0 where it is left out) in the type of the scale, so shaped that they broadcast. */
export function scaleAndZero(context: GradientContext): { scale: Value; zero: Value | null } {
  const {
    graph,
    inputs: [, scale, zero],
  } = context;
  const shape = scaleShape(context);
  return {
    scale: reshape(graph, scale!, shape),
    zero: zero ? reshape(graph, castTo(graph, zero, scale!.dtype), shape) : null,
  };
}

/** `value` less the zero point. */
export function centred(graph: GraphBuilder, value: Value, zero: Value | null): Value {
  return zero ? graph.node('Sub', [value, zero]) : value;
}
