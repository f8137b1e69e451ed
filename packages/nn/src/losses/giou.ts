import type { GraphBuilder, Value } from '@fovea/onnx';

/** IoU and generalized IoU of two lists of boxes, both [..., 1]. */
export interface BoxOverlap {
  readonly iou: Value;
  readonly giou: Value;
}

/**
 * Overlap of boxes a and b, xyxy, [..., 4] each, as graph operators.
 *
 * iou = |a n b| / |a u b|; giou = iou - (|hull| - |a u b|) / |hull| (Rezatofighi et al. 2019, arXiv:1902.09630), in
 * (-1, 1]. `1 - giou` is the loss. Boxes of no area give 0 rather than NaN.
 */
export function boxOverlap(graph: GraphBuilder, a: Value, b: Value): BoxOverlap {
  const op = (name: string, ...inputs: Value[]) => graph.node(name, inputs);
  const last = a.shape.length - 1;
  const corners = (box: Value) =>
    graph.nodesOf('Split', [box, graph.ints([2, 2])], { axis: last }, 2) as [Value, Value];
  const zero = graph.scalar(0);
  const tiny = graph.scalar(1e-7);
  const area = (low: Value, high: Value) => {
    const side = op('Max', op('Sub', high, low), zero);
    const [width, height] = graph.nodesOf('Split', [side, graph.ints([1, 1])], { axis: last }, 2) as [Value, Value];
    return op('Mul', width, height);
  };
  const [aLow, aHigh] = corners(a);
  const [bLow, bHigh] = corners(b);
  const intersection = area(op('Max', aLow, bLow), op('Min', aHigh, bHigh));
  const union = op('Add', op('Sub', op('Add', area(aLow, aHigh), area(bLow, bHigh)), intersection), tiny);
  const hull = op('Add', area(op('Min', aLow, bLow), op('Max', aHigh, bHigh)), tiny);
  const iou = op('Div', intersection, union);
  return { iou, giou: op('Sub', iou, op('Div', op('Sub', hull, union), hull)) };
}
