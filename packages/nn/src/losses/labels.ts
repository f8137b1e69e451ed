import { dtypeNumbers, type GraphBuilder, type Value } from '@fovea/onnx';

/** Which labels count. */
export interface LabelOptions {
  /** A label of none of the classes, 255 by default. So is every label outside [0, C). */
  readonly ignoreIndex?: number;
}

/** Labels as int32, for whose comparison ONNX Runtime has kernels; int64 stays, as it has them too. */
function comparable(graph: GraphBuilder, labels: Value): Value {
  if (labels.dtype === 'int32' || labels.dtype === 'int64') return labels;
  return graph.node('Cast', [labels], { to: dtypeNumbers.int32 });
}

/**
 * Labels as shares of the classes: 1 for the label's class, 0 for the others, all 0 for what is ignored.
 *
 * @param labels class indices [N, ...], any integer type.
 * @returns float32 [N, C, ...].
 */
export function sharesOf(
  graph: GraphBuilder,
  labels: Value,
  classes: number,
  { ignoreIndex = 255 }: LabelOptions = {},
): Value {
  const indices = comparable(graph, labels);
  const shape = [1, classes, ...labels.shape.slice(1).map(() => 1)];
  // An ignored class of these is compared with a label there is not.
  const ids = Array.from({ length: classes }, (_, index) => (index === ignoreIndex ? -(2 ** 31) : index));
  const data = indices.dtype === 'int64' ? BigInt64Array.from(ids, BigInt) : Int32Array.from(ids);
  const known = graph.constant({ dtype: indices.dtype, shape, data }, 'classes');
  const matches = graph.node('Equal', [graph.node('Unsqueeze', [indices, graph.ints([1])]), known]);
  return graph.node('Cast', [matches], { to: dtypeNumbers.float32 });
}

/**
 * Whether two examples of a batch are of one class, bool [N, N].
 *
 * @param labels class indices [N], or shares [N, C] of which one is 1.
 */
export function sameClass(graph: GraphBuilder, labels: Value): Value {
  if (labels.shape.length === 2) {
    const common = graph.node('MatMul', [labels, graph.node('Transpose', [labels], { perm: [1, 0] })]);
    return graph.node('Greater', [common, graph.scalar(0.5)]);
  }
  const indices = comparable(graph, labels);
  const along = (axis: number) => graph.node('Unsqueeze', [indices, graph.ints([axis])]);
  return graph.node('Equal', [along(1), along(0)]);
}

/** The unit matrix [N, N] as float32, its ones times `value`. */
export function diagonal(graph: GraphBuilder, size: number, value = 1): Value {
  const data = Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? value : 0));
  return graph.constant({ dtype: 'float32', shape: [size, size], data }, 'diagonal');
}
