import type { GraphBuilder, Value } from '@fovea/onnx';
import { focalLoss } from './focal.js';

/**
 * Quality focal loss (Li et al. 2020, arXiv:2006.04388, equation 3), element by element.
 *
 * |y - p|^2 ((1 - y) log(1 - p) + y log p), negated, with p = sigmoid(logits) and y the quality target in [0, 1] (0 for
 * background). Cross-entropy is computed from logits, so that it never overflows.
 */
export function qualityFocalLoss(graph: GraphBuilder, logits: Value, quality: Value): Value {
  return focalLoss(graph, logits, quality, { alpha: null });
}
