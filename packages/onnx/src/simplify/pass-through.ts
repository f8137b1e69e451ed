import type { Graph, Node } from '../graph.js';
import { numbersOf, type Tensor } from '../tensor.js';
import { fixedInitializers } from './constants.js';

/** Whether a node hands its first input on unchanged: Identity, and Dropout when not training, its mask unread. */
function passesThrough(node: Node, constants: ReadonlyMap<string, Tensor>, read: ReadonlySet<string>): boolean {
  if (node.domain !== '') return false;
  if (node.opType === 'Identity') return true;
  if (node.opType !== 'Dropout' || (node.outputs[1] && read.has(node.outputs[1]))) return false;
  const training = node.inputs[2];
  if (!training) return true;
  const flag = constants.get(training);
  return flag !== undefined && numbersOf(flag)[0] === 0;
}

/** Takes nodes out that hand a tensor on; outputs of the graph keep their names. */
export function removePassThrough(graph: Graph): Graph {
  const constants = fixedInitializers(graph);
  const outputs = new Set(graph.outputs.map((output) => output.name));
  const read = new Set([...outputs, ...graph.nodes.flatMap((node) => node.inputs)]);
  /** What each tensor that is handed on is in truth. */
  const roots = new Map<string, string>();
  const computed = new Set<string>();
  const rootOf = (name: string): string => roots.get(name) ?? name;
  for (const node of graph.nodes)
    if (passesThrough(node, constants, read)) roots.set(node.outputs[0]!, rootOf(node.inputs[0]!));
    else for (const output of node.outputs) computed.add(output);
  // A tensor within the graph takes the name of the output it is handed on to; a second output of it stays an Identity.
  const renamed = new Map<string, string>();
  for (const [name, root] of roots)
    if (outputs.has(name) && computed.has(root) && !outputs.has(root) && !renamed.has(root)) renamed.set(root, name);
  const nameOf = (name: string): string => {
    const root = rootOf(name);
    return renamed.get(root) ?? root;
  };
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const to = node.outputs[0]!;
    const handedOn = roots.has(to);
    if (handedOn && (!outputs.has(to) || nameOf(to) === to)) continue;
    const inputs = handedOn ? [nameOf(to)] : node.inputs.map((input) => (input ? nameOf(input) : ''));
    const own = handedOn
      ? { ...node, opType: 'Identity', attributes: {}, outputs: [to] }
      : { ...node, outputs: node.outputs.map((output) => renamed.get(output) ?? output) };
    nodes.push({ ...own, inputs });
  }
  return { ...graph, nodes };
}
