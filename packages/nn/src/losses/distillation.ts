import type { GraphBuilder, Value } from '@fovea/onnx';
import { NnError } from '../error.js';
import { logSoftmax } from './softmax.js';

/**
 * Distillation of what a teacher says (Hinton, Vinyals & Dean 2015, arXiv:1503.02531), per position: T^2 KL(softmax(t / T)
 * || softmax(z / T)). The factor T^2 keeps gradients as large as those of the cross-entropy at any temperature.
 *
 * @param logits of the student, float32 [N, C, ...].
 * @param teacher the teacher's logits, of that shape: a constant, or a stop of `addGradients`.
 * @param options `temperature` T above 0, 4 by default.
 * @returns [N, ...], at least 0.
 * @throws NnError `invalid_option`.
 */
export function distillationLoss(
  graph: GraphBuilder,
  logits: Value,
  teacher: Value,
  { temperature = 4 }: { readonly temperature?: number } = {},
): Value {
  if (!(temperature > 0)) throw new NnError('invalid_option', `temperature is ${temperature}; it must be above 0.`);
  const soft = (value: Value) => logSoftmax(graph, graph.node('Mul', [value, graph.scalar(1 / temperature)]));
  const known = soft(teacher);
  const gap = graph.node('Sub', [known, soft(logits)]);
  const terms = graph.node('Mul', [graph.node('Exp', [known]), gap]);
  const divergence = graph.node('ReduceSum', [terms, graph.ints([1])], { keepdims: 0 });
  return graph.node('Mul', [divergence, graph.scalar(temperature ** 2)]);
}

/**
 * Distillation of features (Romero et al. 2015, arXiv:1412.6550, equation 3), per example: the mean of the squared
 * differences.
 *
 * @param features of the student, float32 [N, ...].
 * @param teacher the teacher's, of that shape: a constant, or a stop of `addGradients`.
 * @returns [N].
 */
export function featureDistillationLoss(graph: GraphBuilder, features: Value, teacher: Value): Value {
  const difference = graph.node('Sub', [features, teacher]);
  const axes = features.shape.map((_, axis) => axis).slice(1);
  return graph.node('ReduceMean', [graph.node('Mul', [difference, difference])], { axes, keepdims: 0 });
}
