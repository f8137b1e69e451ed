import type { GraphBuilder, Value } from '@fovea/onnx';
import { binaryCrossEntropy } from './binary-cross-entropy.js';
import { focusOf } from './focal.js';

/** Settings of the varifocal loss. */
export interface VarifocalOptions {
  /** Weight of negatives, 0.75 by default. */
  readonly alpha?: number;
  /** How much easy negatives are played down, at least 0; 2 by default. */
  readonly gamma?: number;
}

/**
 * Varifocal loss (Zhang et al. 2021, arXiv:2008.13367, equation 2), element by element.
 *
 * - q (q log p + (1 - q) log(1 - p)) where the quality q is above 0; - alpha p^gamma log(1 - p) for background, q = 0. Only
 * negatives are played down, and positives count by their quality.
 *
 * @param logits float32, any shape.
 * @param quality in [0, 1], of that shape; taken as a constant by whoever gives it as a stop to `addGradients`.
 * @throws NnError `invalid_option`.
 */
export function varifocalLoss(
  graph: GraphBuilder,
  logits: Value,
  quality: Value,
  { alpha = 0.75, gamma = 2 }: VarifocalOptions = {},
): Value {
  const entropy = binaryCrossEntropy(graph, logits, quality);
  const background = graph.node('Mul', [focusOf(graph, graph.node('Sigmoid', [logits]), gamma), graph.scalar(alpha)]);
  const positive = graph.node('Greater', [quality, graph.scalar(0)]);
  return graph.node('Mul', [entropy, graph.node('Where', [positive, quality, background])]);
}
