import type { GraphBuilder, Value } from '@fovea/onnx';
import { NnError } from '../error.js';
import { crossEntropyLoss } from './cross-entropy.js';
import { innerProducts, unitLength } from './unit-length.js';

/** Settings of the losses with a margin between classes. */
export interface MarginOptions {
  /** What cosines are multiplied by before softmax, 64 by default, as in the papers; fewer classes want less. */
  readonly scale?: number;
  /** CosFace: taken off the cosine, 0.35 by default. ArcFace: added to the angle, in radians, 0.5 by default. */
  readonly margin?: number;
}

/** Cosines of embeddings [N, D] to the directions of the classes [C, D]: [N, C]. */
function cosines(graph: GraphBuilder, embeddings: Value, classWeights: Value): Value {
  if (classWeights.shape.length !== 2 || classWeights.shape[1] !== embeddings.shape[1])
    throw new NnError(
      'shape_mismatch',
      `Class weights have shape [${classWeights.shape}]; for embeddings [${embeddings.shape}] they must be [classes, ` +
        `${embeddings.shape[1]}].`,
    );
  return innerProducts(graph, unitLength(graph, embeddings), unitLength(graph, classWeights));
}

/**
 * Logits of CosFace (Wang et al. 2018, arXiv:1801.09414, equation 4): s (cos theta_c - m y_c).
 *
 * @param embeddings float32 [N, D], of any length: only their direction counts.
 * @param classWeights the directions of the classes [C, D], of any length.
 * @param targets one-hot rows [N, C].
 * @returns [N, C].
 */
export function cosFaceLogits(
  graph: GraphBuilder,
  embeddings: Value,
  classWeights: Value,
  targets: Value,
  { scale = 64, margin = 0.35 }: MarginOptions = {},
): Value {
  const cosine = cosines(graph, embeddings, classWeights);
  const reached = graph.node('Sub', [cosine, graph.node('Mul', [targets, graph.scalar(margin)])]);
  return graph.node('Mul', [reached, graph.scalar(scale)]);
}

/**
 * Logits of ArcFace (Deng et al. 2019, arXiv:1801.07698, equation 3): s cos(theta_c + m) for the target, s cos theta_c for
 * the others.
 *
 * Where theta + m would pass pi, cos(theta + m) would rise again; there the target's logit is s (cos theta - m sin m), as
 * in the authors' code, which goes on falling. Cosines are kept 1e-6 off 1, where the angle has no slope.
 *
 * @param embeddings float32 [N, D], of any length: only their direction counts.
 * @param classWeights the directions of the classes [C, D], of any length.
 * @param targets one-hot rows [N, C].
 * @returns [N, C].
 */
export function arcFaceLogits(
  graph: GraphBuilder,
  embeddings: Value,
  classWeights: Value,
  targets: Value,
  { scale = 64, margin = 0.5 }: MarginOptions = {},
): Value {
  const op = (name: string, ...inputs: Value[]) => graph.node(name, inputs);
  const bound = 1 - 1e-6;
  const cosine = op('Clip', cosines(graph, embeddings, classWeights), graph.scalar(-bound), graph.scalar(bound));
  const one = graph.scalar(1);
  const own = graph.node('ReduceSum', [op('Mul', cosine, targets), graph.ints([1])], { keepdims: 1 });
  const sine = op('Sqrt', op('Sub', one, op('Mul', own, own)));
  const turned = op(
    'Sub',
    op('Mul', own, graph.scalar(Math.cos(margin))),
    op('Mul', sine, graph.scalar(Math.sin(margin))),
  );
  const beyond = op('Sub', own, graph.scalar(margin * Math.sin(margin)));
  const reached = op('Where', op('Greater', own, graph.scalar(-Math.cos(margin))), turned, beyond);
  const logits = op('Add', cosine, op('Mul', op('Sub', reached, own), targets));
  return op('Mul', logits, graph.scalar(scale));
}

/** Cross-entropy of {@link cosFaceLogits}, per example [N]. */
export function cosFaceLoss(
  graph: GraphBuilder,
  embeddings: Value,
  classWeights: Value,
  targets: Value,
  options: MarginOptions = {},
): Value {
  return crossEntropyLoss(graph, cosFaceLogits(graph, embeddings, classWeights, targets, options), targets);
}

/** Cross-entropy of {@link arcFaceLogits}, per example [N]. */
export function arcFaceLoss(
  graph: GraphBuilder,
  embeddings: Value,
  classWeights: Value,
  targets: Value,
  options: MarginOptions = {},
): Value {
  return crossEntropyLoss(graph, arcFaceLogits(graph, embeddings, classWeights, targets, options), targets);
}
