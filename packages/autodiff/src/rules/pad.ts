import { type GraphBuilder, normalizeAxis, numbersOf, stringAttribute, type Value } from '@fovea/onnx';
import { reshape, sumOver } from '../broadcast.js';
import { cut, embedded, reversed } from '../cutout.js';
import { type GradientRule, uncovered } from '../rule.js';

/** Along one axis: the gradient of the middle, and that of the border put back to where the border was copied from. */
function gathered(graph: GraphBuilder, g: Value, axis: number, begin: number, length: number, mode: string): Value {
  const end = g.shape[axis]! - begin - length;
  const middle = cut(graph, g, axis, begin, begin + length);
  const shape = middle.shape;
  const before = (start: number) => shape.map((_, i) => (i === axis ? start : 0));
  const border = (start: number, stop: number, target: number) => {
    const part = cut(graph, g, axis, start, stop);
    if (mode === 'edge') return embedded(graph, sumOver(graph, part, [axis]), before(target), shape);
    return embedded(graph, mode === 'reflect' ? reversed(graph, part, [axis]) : part, before(target), shape);
  };
  const last = begin + length;
  const targets = {
    edge: [0, length - 1],
    reflect: [1, length - 1 - end],
    wrap: [length - begin, 0],
  }[mode]!;
  const parts = [middle];
  if (begin > 0) parts.push(border(0, begin, targets[0]!));
  if (end > 0) parts.push(border(last, last + end, targets[1]!));
  return parts.length === 1 ? middle : graph.node('Sum', parts);
}

/**
 * d Pad: the gradient without the border; where the border repeats the data (reflect, edge, wrap), that of the border
 * is added to where it was copied from. Negative pads cut, so their gradient is padded with zeros.
 */
export const pad: GradientRule = ({ graph, node, inputs: [x, pads, value, given], gradients: [g], needs }) => {
  const mode = stringAttribute(node.attributes, 'mode', 'constant');
  if (!['constant', 'edge', 'reflect', 'wrap'].includes(mode)) throw uncovered(node, `pads in mode "${mode}"`);
  const rank = x!.shape.length;
  const numbers = numbersOf(graph.tensorOf(pads)!);
  const axes = given ? numbersOf(graph.tensorOf(given)!).map((a) => normalizeAxis(a, rank)) : [...x!.shape.keys()];
  const begins = new Array<number>(rank).fill(0);
  const ends = new Array<number>(rank).fill(0);
  axes.forEach((axis, i) => {
    begins[axis] = numbers[i]!;
    ends[axis] = numbers[i + axes.length]!;
  });
  // What is cut off is cut off first; the border repeats what is left.
  const kept = x!.shape.map((length, axis) => length + Math.min(begins[axis]!, 0) + Math.min(ends[axis]!, 0));
  const inner = begins.map((begin) => Math.max(begin, 0));
  const cropped = () => {
    if (kept.every((length, axis) => length === g!.shape[axis])) return g!;
    const stops = kept.map((length, axis) => inner[axis]! + length);
    return graph.node('Slice', [g!, graph.ints(inner), graph.ints(stops)]);
  };
  const folded = () =>
    kept.reduce(
      (gradient, length, axis) =>
        begins[axis]! > 0 || ends[axis]! > 0 ? gathered(graph, gradient, axis, inner[axis]!, length, mode) : gradient,
      g!,
    );
  const result = mode === 'constant' ? cropped() : folded();
  const all = [...x!.shape.keys()];
  const border = () => {
    const total = (part: Value) => reshape(graph, sumOver(graph, part, all), value!.shape);
    return graph.node('Sub', [total(g!), total(result)]);
  };
  return [
    embedded(
      graph,
      result,
      begins.map((begin) => Math.max(-begin, 0)),
      x!.shape,
    ),
    null,
    value && needs[2] ? border() : null,
    null,
  ];
};
