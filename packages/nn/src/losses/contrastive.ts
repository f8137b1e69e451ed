import type { GraphBuilder, Value } from '@fovea/onnx';
import { NnError } from '../error.js';
import { diagonal, sameClass } from './labels.js';
import { innerProducts, unitLength } from './unit-length.js';

/**
 * Supervised contrastive loss (Khosla et al. 2020, arXiv:2004.11362, equation 2), per example.
 *
 * - mean over the others p of its class of log(exp(s_ip) / sum over all others a of exp(s_ia)), s = cosine / temperature.
 * With each picture a class of its own in two views this is NT-Xent (Chen et al. 2020, arXiv:2002.05709), InfoNCE over the
 * batch.
 *
 * @param embeddings float32 [N, D], of any length: they are scaled to 1. Examples are compared within these N only.
 * @param labels class indices [N], or one-hot rows [N, C].
 * @returns [N], 0 for an example without another of its class.
 * @throws NnError `invalid_option`.
 */
export function contrastiveLoss(
  graph: GraphBuilder,
  embeddings: Value,
  labels: Value,
  { temperature = 0.1 }: { readonly temperature?: number } = {},
): Value {
  if (!(temperature > 0)) throw new NnError('invalid_option', `temperature is ${temperature}; it must be above 0.`);
  const op = (name: string, ...inputs: Value[]) => graph.node(name, inputs);
  const count = embeddings.shape[0]!;
  const sum = (value: Value) => graph.node('ReduceSum', [value, graph.ints([1])], { keepdims: 0 });
  const unit = unitLength(graph, embeddings);
  const similarity = op('Mul', innerProducts(graph, unit, unit), graph.scalar(1 / temperature));
  // None is compared with itself.
  const others = op('Add', similarity, diagonal(graph, count, -1e9));
  const log = graph.node('LogSoftmax', [others], { axis: 1 });
  const same = graph.node('Cast', [sameClass(graph, labels)], { to: 1 });
  const positive = op('Mul', same, op('Sub', graph.scalar(1), diagonal(graph, count)));
  const mean = op('Div', sum(op('Mul', positive, log)), op('Max', sum(positive), graph.scalar(1)));
  return op('Neg', mean);
}

/**
 * Contrastive loss of pairs (Hadsell, Chopra & LeCun 2006, equation 4), per pair: d^2 / 2 for two of a kind, max(0, margin
 * - d)^2 / 2 for others, d being their Euclidean distance.
 *
 * @param a float32 [N, D], as is; `b` alike.
 * @param same [N], 1 for pairs of a kind, 0 for others.
 * @returns [N].
 */
export function pairLoss(
  graph: GraphBuilder,
  a: Value,
  b: Value,
  same: Value,
  { margin = 1 }: { readonly margin?: number } = {},
): Value {
  const op = (name: string, ...inputs: Value[]) => graph.node(name, inputs);
  const difference = op('Sub', a, b);
  const square = graph.node('ReduceSum', [op('Mul', difference, difference), graph.ints([1])], { keepdims: 0 });
  const distance = op('Sqrt', op('Max', square, graph.scalar(1e-12)));
  const short = op('Relu', op('Sub', graph.scalar(margin), distance));
  const apart = op('Mul', op('Sub', graph.scalar(1), same), op('Mul', short, short));
  return op('Mul', op('Add', op('Mul', same, square), apart), graph.scalar(0.5));
}
