import { OnnxError } from './error.js';
import type { Graph, Node } from './graph.js';

const described = (node: Node): string => `Node "${node.name || node.outputs[0] || ''}" (${node.opType})`;

/**
 * Holds a graph, and those within it, to what makes it computable, and brings its nodes into an order in which every
 * input is computed before its use; a graph that is in order stays as it is.
 *
 * @param outer names that graphs around this one define.
 * @throws OnnxError `invalid_model` for a name that is defined twice, an input or output that nothing computes, and nodes
 *   that wait for one another.
 */
export function checkGraph(graph: Graph, outer: ReadonlySet<string> = new Set()): Graph {
  const makers = makersOf(graph);
  const given = new Set([...graph.initializers.keys(), ...graph.inputs.map((input) => input.name)]);
  const known = (name: string) => given.has(name) || outer.has(name);
  const reads = graph.nodes.map((node) => readsOf(node));
  graph.nodes.forEach((node, i) => {
    const stranger = reads[i]!.find((name) => !known(name) && !makers.has(name));
    if (stranger !== undefined)
      throw invalid(`${described(node)} reads "${stranger}", which is no input, no initializer and no node's output.`);
  });
  const missing = graph.outputs.find(({ name }) => !known(name) && !makers.has(name));
  if (missing) throw invalid(`Output "${missing.name}" of graph "${graph.name}" is computed by no node.`);
  const order = orderOf(graph.nodes, reads, makers);
  const visible = new Set([...outer, ...given, ...makers.keys()]);
  const nodes = order.map((index) => checkNested(graph.nodes[index]!, visible));
  return nodes.every((node, i) => node === graph.nodes[i]) ? graph : { ...graph, nodes };
}

const invalid = (message: string): OnnxError => new OnnxError('invalid_model', message);

/** Which node makes each tensor. */
function makersOf(graph: Graph): Map<string, number> {
  const inputs = new Set<string>();
  for (const { name } of graph.inputs) {
    if (inputs.has(name)) throw invalid(`Graph "${graph.name}" has two inputs named "${name}".`);
    inputs.add(name);
  }
  const makers = new Map<string, number>();
  graph.nodes.forEach((node, index) => {
    for (const output of node.outputs) {
      if (output === '') continue;
      if (makers.has(output) || inputs.has(output) || graph.initializers.has(output))
        throw invalid(`${described(node)} defines "${output}", which is defined already; every tensor has one source.`);
      makers.set(output, index);
    }
  });
  return makers;
}

/** The tensors a node reads, graphs within it included. */
function readsOf(node: Node): string[] {
  const reads = node.inputs.filter((input) => input !== '');
  for (const value of Object.values(node.attributes))
    if (typeof value === 'object' && 'nodes' in value) reads.push(...outerReads(value));
  return reads;
}

/** What a graph reads of those around it. */
function outerReads(graph: Graph): string[] {
  const own = new Set([...graph.initializers.keys(), ...graph.inputs.map((input) => input.name)]);
  for (const node of graph.nodes) for (const output of node.outputs) own.add(output);
  const reads = [...graph.nodes.flatMap(readsOf), ...graph.outputs.map((output) => output.name)];
  return reads.filter((name) => !own.has(name));
}

function checkNested(node: Node, visible: ReadonlySet<string>): Node {
  const entries = Object.entries(node.attributes);
  const checked = entries.map(
    ([name, value]) =>
      [name, typeof value === 'object' && 'nodes' in value ? checkGraph(value, visible) : value] as const,
  );
  return checked.some(([, value], i) => value !== entries[i]![1])
    ? { ...node, attributes: Object.fromEntries(checked) }
    : node;
}

/** Positions of the nodes, each after those whose outputs it reads, otherwise as they stand. */
function orderOf(nodes: readonly Node[], reads: readonly string[][], makers: ReadonlyMap<string, number>): number[] {
  const needs = reads.map((names) => names.flatMap((name) => makers.get(name) ?? []));
  const order: number[] = [];
  const state = new Uint8Array(nodes.length);
  for (let first = 0; first < nodes.length; first++) {
    // Depth first without recursion: a file can be a chain of any length.
    const stack = [first];
    while (stack.length > 0) {
      const index = stack.at(-1)!;
      if (state[index] === 2) {
        stack.pop();
        continue;
      }
      state[index] = 1;
      const open = needs[index]!.filter((need) => state[need] !== 2);
      const waiting = open.find((need) => state[need] === 1);
      if (waiting !== undefined)
        throw invalid(`${described(nodes[index]!)} waits for ${described(nodes[waiting]!)}, which waits for it.`);
      if (open.length > 0) stack.push(open[0]!);
      else {
        state[index] = 2;
        order.push(index);
        stack.pop();
      }
    }
  }
  return order;
}
