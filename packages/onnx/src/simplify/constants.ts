import { evaluateNode } from '../fold/index.js';
import type { Graph, Node } from '../graph.js';
import type { Tensor } from '../tensor.js';

/** The initializers nobody can feed: one that is listed as an input is only its default. */
export function fixedInitializers(graph: Graph): Map<string, Tensor> {
  const fed = new Set(graph.inputs.map((input) => input.name));
  return new Map([...graph.initializers].filter(([name]) => !fed.has(name)));
}

/** Turns nodes of constants into initializers: Constant, DequantizeLinear of stored weights, arithmetic on them. */
export function foldConstants(graph: Graph): Graph {
  const constants = fixedInitializers(graph);
  const initializers = new Map(graph.initializers);
  const given = new Set(graph.outputs.map((output) => output.name));
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((input) => (input ? constants.get(input) : null));
    const known = inputs.every((tensor) => tensor !== undefined);
    const folded = known ? evaluated(node, inputs) : undefined;
    folded?.forEach((tensor, i) => {
      const name = node.outputs[i];
      if (!name) return;
      constants.set(name, tensor);
      if (!given.has(name)) initializers.set(name, tensor);
    });
    // An initializer that is an output is legal but not understood everywhere; there the node stays.
    if (!folded || node.outputs.some((output) => given.has(output))) nodes.push(node);
  }
  return { ...graph, nodes, initializers };
}

/** A node that cannot be computed stays; whoever replays the graph says what is wrong with it. */
function evaluated(node: Node, inputs: readonly (Tensor | null)[]): readonly Tensor[] | undefined {
  try {
    return evaluateNode(node, inputs);
  } catch {
    return undefined;
  }
}

/** The graph without nodes and initializers that no output needs. */
export function prune(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map((output) => output.name));
  const nodes: Node[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]!;
    if (!node.outputs.some((output) => output !== '' && needed.has(output))) continue;
    for (const input of node.inputs) needed.add(input);
    nodes.push(node);
  }
  const initializers = new Map([...graph.initializers].filter(([name]) => needed.has(name)));
  return { ...graph, nodes: nodes.reverse(), initializers };
}
