import { reshape, sumOver } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d Tile: the gradient of all repeats, summed. */
export const tile: GradientRule = ({ graph, inputs: [x], gradients: [g] }) => {
  const repeats = x!.shape.map((length, axis) => (length === 0 ? 1 : g!.shape[axis]! / length));
  if (repeats.every((count) => count === 1)) return [g!, null];
  const apart = x!.shape.flatMap((length, axis) => (repeats[axis] === 1 ? [length] : [repeats[axis]!, length]));
  const axes: number[] = [];
  let at = 0;
  for (const count of repeats) {
    if (count !== 1) axes.push(at++);
    at++;
  }
  return [reshape(graph, sumOver(graph, reshape(graph, g!, apart), axes), x!.shape), null];
};
