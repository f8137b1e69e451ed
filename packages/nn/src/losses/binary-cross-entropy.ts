import type { GraphBuilder, Value } from '@fovea/onnx';

/** Settings of the binary cross-entropy. */
export interface BinaryCrossEntropyOptions {
  /** How much more a positive counts than a negative, 1 by default: above 1 for recall, below it for precision. */
  readonly positiveWeight?: number;
}

/**
 * Binary cross-entropy of sigmoid, element by element: -(w y log p + (1 - y) log(1 - p)) with p = sigmoid(z).
 *
 * Computed as softplus(z) - y z, and with a weight as (1 - y) z + (1 + (w - 1) y) softplus(-z), which never overflow.
 *
 * @param logits float32, any shape.
 * @param targets in [0, 1], of that shape.
 */
export function binaryCrossEntropy(
  graph: GraphBuilder,
  logits: Value,
  targets: Value,
  { positiveWeight = 1 }: BinaryCrossEntropyOptions = {},
): Value {
  const op = (name: string, ...inputs: Value[]) => graph.node(name, inputs);
  if (positiveWeight === 1) return op('Sub', op('Softplus', logits), op('Mul', logits, targets));
  const one = graph.scalar(1);
  const weight = op('Add', op('Mul', targets, graph.scalar(positiveWeight - 1)), one);
  return op('Add', op('Mul', op('Sub', one, targets), logits), op('Mul', weight, op('Softplus', op('Neg', logits))));
}
