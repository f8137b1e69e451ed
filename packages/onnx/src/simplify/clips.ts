import type { Graph, Node } from '../graph.js';
import { type Tensor, tensorOf } from '../tensor.js';
import { namesOf } from '../upgrade/rewriter.js';
import { fixedInitializers } from './constants.js';

interface Bounds {
  readonly low: number;
  readonly high: number;
}

/** What a Relu or Clip with constant bounds keeps to; `undefined` for other nodes. */
function boundsOf(node: Node, constants: ReadonlyMap<string, Tensor>): Bounds | undefined {
  if (node.domain !== '') return undefined;
  if (node.opType === 'Relu') return { low: 0, high: Number.POSITIVE_INFINITY };
  if (node.opType !== 'Clip') return undefined;
  const bound = (input: string | undefined, open: number): number => {
    if (!input) return open;
    const tensor = constants.get(input);
    return tensor?.dtype === 'float32' && tensor.data.length === 1 ? Number(tensor.data[0]) : Number.NaN;
  };
  const low = bound(node.inputs[1], Number.NEGATIVE_INFINITY);
  const high = bound(node.inputs[2], Number.POSITIVE_INFINITY);
  return low <= high ? { low, high } : undefined;
}

/** What both one after the other keep to. */
const after = (first: Bounds, { low, high }: Bounds): Bounds => ({
  low: Math.min(Math.max(first.low, low), high),
  high: Math.min(Math.max(first.high, low), high),
});

/**
 * Relu and Clip one after the other become one (quantized networks come with two or three), and bounds given as lists of
 * one number become the scalars the standard wants.
 */
export function mergeClips(graph: Graph): Graph {
  const constants = fixedInitializers(graph);
  const initializers = new Map(graph.initializers);
  const names = namesOf(graph);
  const shared = new Map<number, string>();
  const scalar = (value: number): string => {
    if (!Number.isFinite(value)) return '';
    const known = shared.get(value);
    if (known) return known;
    let name = `bound_${shared.size}`;
    while (names.has(name)) name += '_';
    names.add(name);
    shared.set(value, name);
    initializers.set(name, tensorOf('float32', [value], []));
    return name;
  };
  const outputs = new Set(graph.outputs.map((output) => output.name));
  const reads = new Map<string, number>();
  for (const node of graph.nodes) for (const name of node.inputs) reads.set(name, (reads.get(name) ?? 0) + 1);
  const clipped = new Map<string, { readonly bounds: Bounds; readonly input: string; readonly relu: boolean }>();
  const nodes = graph.nodes.map((node) => {
    const own = boundsOf(node, constants);
    if (!own) return node;
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const before = reads.get(x) === 1 && !outputs.has(x) ? clipped.get(x) : undefined;
    const bounds = before ? after(before.bounds, own) : own;
    const input = before?.input ?? x;
    const relu = bounds.low === 0 && bounds.high === Number.POSITIVE_INFINITY;
    clipped.set(y, { bounds, input, relu });
    if (relu && node.opType === 'Relu' && !before) return node;
    const limits = relu ? [] : [scalar(bounds.low), scalar(bounds.high)];
    while (limits.at(-1) === '') limits.pop();
    return { ...node, opType: relu ? 'Relu' : 'Clip', inputs: [input, ...limits], attributes: {} };
  });
  return { ...graph, nodes, initializers };
}
