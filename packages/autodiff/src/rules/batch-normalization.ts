import {
  allocate,
  float,
  floatAttribute,
  type GraphBuilder,
  intAttribute,
  OnnxError,
  sizeOf,
  type Value,
} from '@fovea/onnx';
import { reshape, sumOver } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** `scale[c] * x + shift[c]` per channel, as a BatchNormalization in inference form: one fast pass. */
function affine(graph: GraphBuilder, x: Value, scale: Value, shift: Value): Value {
  const filled = (value: number) => {
    const data = allocate(x.dtype, sizeOf(scale.shape)) as Float32Array;
    return graph.constant({ dtype: x.dtype, shape: scale.shape, data: data.fill(value) });
  };
  return graph.node('BatchNormalization', [x, scale, shift, filled(0), filled(1)], { epsilon: float(0) });
}

/**
 * d BatchNormalization (Ioffe & Szegedy 2015, arXiv:1502.03167).
 *
 * Training mode: with n values per channel, xhat = (x - mean) / sqrt(var + eps), the gradients are
 * d scale = sum(g xhat), d bias = sum(g), dx = scale / sqrt(var + eps) (g - d bias / n - xhat d scale / n), which is
 * a g + b x + c per channel. Frozen (inference form): dx = scale / sqrt(var + eps) g.
 */
export const batchNormalization: GradientRule = ({ graph, node, inputs, outputs, gradients: [g], needs }) => {
  const [x, scale, , runningMean, runningVariance] = inputs;
  const training = intAttribute(node.attributes, 'training_mode', 0) === 1;
  if (training && outputs.length < 3)
    throw new OnnxError(
      'unsupported_gradient',
      `BatchNormalization "${node.name}" lacks its batch statistics outputs.`,
    );
  if (training && floatAttribute(node.attributes, 'momentum', 0.9) !== 0)
    throw new OnnxError(
      'unsupported_gradient',
      `BatchNormalization "${node.name}" must have momentum 0 when training.`,
    );
  const dtype = x!.dtype;
  const channels = scale!.shape;
  const axes = [...x!.shape.keys()].filter((axis) => axis !== 1);
  const share = graph.scalar(-channels[0]! / sizeOf(x!.shape), dtype);
  const sum = (value: Value) => reshape(graph, sumOver(graph, value, axes), channels);
  const node2 = (op: string, a: Value, b: Value) => graph.node(op, [a, b]);

  const mean = training ? outputs[1]! : runningMean!;
  const variance = training ? outputs[2]! : runningVariance!;
  const epsilon = graph.scalar(floatAttribute(node.attributes, 'epsilon', 1e-5), dtype);
  const inverse = graph.node('Reciprocal', [graph.node('Sqrt', [node2('Add', variance, epsilon)])]);
  const a = node2('Mul', scale!, inverse);

  const dBias = sum(g!);
  const centred = node2('Sub', sum(node2('Mul', g!, x!)), node2('Mul', mean, dBias));
  const dScale = node2('Mul', centred, inverse);
  let dx: Value | null = null;
  if (needs[0] && training) {
    const spread = node2('Mul', a, share);
    const b = node2('Mul', node2('Mul', spread, inverse), dScale);
    const c = node2('Sub', node2('Mul', spread, dBias), node2('Mul', b, mean));
    const zero = graph.constant({ dtype, shape: channels, data: allocate(dtype, sizeOf(channels)) });
    dx = node2('Add', affine(graph, g!, a, zero), affine(graph, x!, b, c));
  } else if (needs[0]) {
    dx = affine(graph, g!, a, graph.constant({ dtype, shape: channels, data: allocate(dtype, sizeOf(channels)) }));
  }
  return [dx, needs[1] ? dScale : null, needs[2] ? dBias : null, null, null];
};
