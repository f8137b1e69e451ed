import type { GraphBuilder, Value } from '@fovea/onnx';

/**
 * Quality focal loss (Li et al. 2020, arXiv:2006.04388, equation 3), element by element.
 *
 * |y - p|^2 ((1 - y) log(1 - p) + y log p), negated, with p = sigmoid(logits) and y the quality target in [0, 1] (0 for
 * background). Cross-entropy is computed from logits as softplus(z) - y z, which never overflows.
 */
export function qualityFocalLoss(graph: GraphBuilder, logits: Value, quality: Value): Value {
  const entropy = graph.node('Sub', [graph.node('Softplus', [logits]), graph.node('Mul', [logits, quality])]);
  const miss = graph.node('Sub', [graph.node('Sigmoid', [logits]), quality]);
  return graph.node('Mul', [entropy, graph.node('Mul', [miss, miss])]);
}
