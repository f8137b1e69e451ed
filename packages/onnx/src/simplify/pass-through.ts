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
  const computed = new Set(graph.nodes.flatMap((node) => node.outputs));
  const read = new Set([...outputs, ...graph.nodes.flatMap((node) => node.inputs)]);
  const renamed = new Map<string, string>();
  const current = (name: string): string => renamed.get(name) ?? name;
  // An output handed on from a node takes that node's place under the output's name; there is one such name for it.
  const promoted = new Map<string, string>();
  for (const node of graph.nodes) {
    const [from, to] = [node.inputs[0]!, node.outputs[0]!];
    if (!outputs.has(to) || !passesThrough(node, constants, read)) continue;
    if (computed.has(from) && !outputs.has(from) && !promoted.has(from)) promoted.set(from, to);
  }
  const nodes: Node[] = [];
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(current);
    const [from, to] = [node.inputs[0]!, node.outputs[0]!];
    if (passesThrough(node, constants, read) && (!outputs.has(to) || promoted.get(from) === to)) {
      if (promoted.get(from) !== to) renamed.set(to, inputs[0]!);
      continue;
    }
    const own = node.outputs.map((output) => {
      const name = promoted.get(output);
      if (name) renamed.set(output, name);
      return name ?? output;
    });
    nodes.push({ ...node, inputs, outputs: own });
  }
  return { ...graph, nodes };
}
