import { float, type GraphBuilder, sizeOf, type Value } from '@fovea/onnx';
import { filled } from './broadcast.js';

/** Values of zero mean and unit variance, and 1 / sqrt(variance + epsilon). */
export interface Normalized {
  readonly values: Value;
  readonly inverse: Value;
}

/** `x` normalized over its axes from `axis` on; the inverse deviation has them as size 1. */
export function normalized(graph: GraphBuilder, x: Value, axis: number, epsilon: number): Normalized {
  if (x.dtype === 'float32') {
    const ones = filled(graph, x.dtype, x.shape.slice(axis), 1);
    const attributes = { axis, epsilon: float(epsilon) };
    const [values, , inverse] = graph.nodesOf('LayerNormalization', [x, ones], attributes, 3);
    return { values: values!, inverse: inverse! };
  }
  // The statistics LayerNormalization gives are float32 even for doubles.
  const axes = [...x.shape.keys()].slice(axis);
  const average = (value: Value) => graph.node('ReduceMean', [value], { axes, keepdims: 1 });
  const centred = graph.node('Sub', [x, average(x)]);
  const variance = average(graph.node('Mul', [centred, centred]));
  const deviation = graph.node('Sqrt', [graph.node('Add', [variance, graph.scalar(epsilon, x.dtype)])]);
  const inverse = graph.node('Reciprocal', [deviation]);
  return { values: graph.node('Mul', [centred, inverse]), inverse };
}

/**
 * The gradient of what was normalized, from that of the normalized values: with means over the axes from `axis` on,
 * inverse (g - mean(g) - values mean(g values)).
 */
export function normalizationGradient(
  graph: GraphBuilder,
  { values, inverse }: Normalized,
  g: Value,
  axis: number,
): Value {
  if (sizeOf(g.shape) === 0) return g;
  const axes = [...g.shape.keys()].slice(axis);
  const average = (value: Value) => graph.node('ReduceMean', [value], { axes, keepdims: 1 });
  const along = graph.node('Mul', [values, average(graph.node('Mul', [g, values]))]);
  const centred = graph.node('Sub', [g, average(g)]);
  return graph.node('Mul', [graph.node('Sub', [centred, along]), inverse]);
}
