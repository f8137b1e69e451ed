import { numbersOf, sliceRanges } from '@fovea/onnx';
import { embedded, reversed, spread } from '../cutout.js';
import type { GradientRule } from '../rule.js';

/** d Slice: the gradient with zeros where nothing was taken from; any steps. */
export const slice: GradientRule = ({ graph, inputs: [x, starts, ends, axes, steps], gradients: [g] }) => {
  const numbers = (value: typeof x | undefined) => (value ? numbersOf(graph.tensorOf(value)!) : undefined);
  const ranges = sliceRanges(x!.shape, numbers(starts)!, numbers(ends)!, numbers(axes), numbers(steps));
  const backwards = ranges.flatMap(({ step }, axis) => (step < 0 ? [axis] : []));
  const factors = ranges.map(({ step, length }) => (length > 1 ? Math.abs(step) : 1));
  const first = ranges.map(({ start, step, length }) => (step < 0 ? start + (length - 1) * step : start));
  return [embedded(graph, spread(graph, reversed(graph, g!, backwards), factors), first, x!.shape)];
};
