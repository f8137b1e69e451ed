import { addGraph } from '../add-graph.js';
import { GraphBuilder } from '../builder.js';
import type { Graph } from '../graph.js';
import type { Shape } from '../tensor.js';

/**
 * Shapes of a graph's tensors where all its inputs have static ones; empty where they have not, or where a node's shape
 * cannot be inferred.
 */
export function staticShapes(graph: Graph): ReadonlyMap<string, Shape> {
  const builder = new GraphBuilder();
  const inputs = graph.inputs.filter((input) => !graph.initializers.has(input.name));
  const known = inputs.every(({ shape }) => shape?.every((length) => typeof length === 'number' && length >= 0));
  if (!known) return new Map();
  try {
    const values = addGraph(
      builder,
      graph,
      Object.fromEntries(inputs.map(({ name, dtype, shape }) => [name, builder.input(name, dtype, shape as number[])])),
    );
    return new Map([...values].map(([name, { shape }]) => [name, shape]));
  } catch {
    // Without shapes some Transposes stay; whoever replays the graph hears what is wrong with it.
    return new Map();
  }
}
