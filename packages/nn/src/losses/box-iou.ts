import type { GraphBuilder, Value } from '@fovea/onnx';

/** Overlaps of two lists of boxes, each of the boxes' shape with length 1 along their axis. */
export interface BoxOverlap {
  readonly iou: Value;
  readonly giou: Value;
  readonly diou: Value;
  readonly ciou: Value;
}

/** Divisors are at least this, in squared pixels, so that boxes without area give 0 rather than NaN. */
const tiny = 1e-7;

/**
 * `x` for reading only: nothing flows back through Round. Floats of at least 1 are whole multiples of 2^-24 and stay as
 * they are; smaller ones are changed by up to 2^-25.
 */
function detached(graph: GraphBuilder, x: Value): Value {
  const steps = graph.node('Round', [graph.node('Mul', [x, graph.scalar(2 ** 24)])]);
  return graph.node('Mul', [steps, graph.scalar(2 ** -24)]);
}

/**
 * Overlap of boxes a and b, xyxy, as graph operators. `1 - overlap` is the loss; what is not used costs nothing.
 *
 * - iou = |a n b| / |a u b|, in [0, 1].
 * - giou = iou - (|hull| - |a u b|) / |hull| (Rezatofighi et al. 2019, arXiv:1902.09630), in (-1, 1].
 * - diou = iou - d^2 / c^2, with d the distance of the centres and c the hull's diagonal (Zheng et al. 2020,
 *   arXiv:1911.08287, equation 7), in (-1, 1].
 * - ciou = diou - alpha v, v = 4 / pi^2 (atan(wb / hb) - atan(wa / ha))^2, alpha = v / (1 - iou + v) (there, equations 8
 *   to 11). As there, nothing flows back through alpha.
 *
 * Boxes without area have an IoU of 0. Boxes turned inside out count as without area.
 *
 * @param axis of length 4 that holds a box: the last by default. 1 suits the output of a detector, [N, 4, P].
 */
export function boxOverlap(graph: GraphBuilder, a: Value, b: Value, axis = a.shape.length - 1): BoxOverlap {
  const op = (name: string, ...inputs: Value[]) => graph.node(name, inputs);
  const halves = (value: Value, length: number) =>
    graph.nodesOf('Split', [value, graph.ints([length, length])], { axis }, 2) as [Value, Value];
  const zero = graph.scalar(0);
  const least = graph.scalar(tiny);
  const sidesOf = (low: Value, high: Value) => op('Max', op('Sub', high, low), zero);
  const product = (sides: Value) => op('Mul', ...halves(sides, 1));
  const total = (pair: Value) => op('Add', ...halves(pair, 1));
  const [aLow, aHigh] = halves(a, 2);
  const [bLow, bHigh] = halves(b, 2);
  const aSides = sidesOf(aLow, aHigh);
  const bSides = sidesOf(bLow, bHigh);
  const hullSides = sidesOf(op('Min', aLow, bLow), op('Max', aHigh, bHigh));

  const intersection = product(sidesOf(op('Max', aLow, bLow), op('Min', aHigh, bHigh)));
  const union = op('Add', op('Sub', op('Add', product(aSides), product(bSides)), intersection), least);
  const iou = op('Div', intersection, union);

  const hull = op('Add', product(hullSides), least);
  const giou = op('Sub', iou, op('Div', op('Sub', hull, union), hull));

  // Twice the vector between the centres, hence a quarter of its square.
  const between = op('Sub', op('Add', aLow, aHigh), op('Add', bLow, bHigh));
  const distance = op('Mul', total(op('Mul', between, between)), graph.scalar(0.25));
  const diagonal = op('Add', total(op('Mul', hullSides, hullSides)), least);
  const diou = op('Sub', iou, op('Div', distance, diagonal));

  // atan(wb / hb) - atan(wa / ha) as one arc tangent: both lie in [0, pi / 2].
  const [aWidth, aHeight] = halves(aSides, 1);
  const [bWidth, bHeight] = halves(bSides, 1);
  const cross = op('Sub', op('Mul', bWidth, aHeight), op('Mul', aWidth, bHeight));
  const dot = op('Add', op('Mul', bHeight, aHeight), op('Mul', bWidth, aWidth));
  const angle = op('Atan', op('Div', cross, op('Add', dot, least)));
  const shape = op('Mul', op('Mul', angle, angle), graph.scalar(4 / Math.PI ** 2));
  const rest = op('Add', op('Sub', graph.scalar(1), iou), op('Add', shape, least));
  const alpha = detached(graph, op('Div', shape, rest));
  const ciou = op('Sub', diou, op('Mul', alpha, shape));
  return { iou, giou, diou, ciou };
}
