import { OnnxError } from '../error.js';
import { evaluateNode } from '../fold/index.js';
import type { Attributes, Graph, Node } from '../graph.js';
import { type DType, numbersOf, type Tensor, tensorOf } from '../tensor.js';

/** Rewrites one node into nodes of operator set 17; what it needs besides is emitted before. */
export type UpgradeRule = (node: Node, rewriter: Rewriter, opset: number) => Node;

/** Every name a graph and the graphs within it use. */
export function namesOf(graph: Graph, names: Set<string> = new Set()): Set<string> {
  for (const name of graph.initializers.keys()) names.add(name);
  for (const { name } of [...graph.inputs, ...graph.outputs]) names.add(name);
  for (const node of graph.nodes) {
    names.add(node.name);
    for (const name of [...node.inputs, ...node.outputs]) names.add(name);
    for (const value of Object.values(node.attributes))
      if (typeof value === 'object' && 'nodes' in value) namesOf(value, names);
  }
  return names;
}

function readNames(graph: Graph, names: Set<string>): void {
  for (const node of graph.nodes) {
    for (const name of node.inputs) names.add(name);
    for (const value of Object.values(node.attributes))
      if (typeof value === 'object' && 'nodes' in value) {
        for (const { name } of value.outputs) names.add(name);
        readNames(value, names);
      }
  }
}

/** `node` with other attributes: those in `changes`, `undefined` for one that goes. */
export function withAttributes(node: Node, changes: Readonly<Record<string, Attributes[string] | undefined>>): Node {
  const merged = Object.entries({ ...node.attributes, ...changes }).filter(([, value]) => value !== undefined);
  return { ...node, attributes: Object.fromEntries(merged) as Attributes };
}

/** Collects the nodes and constants a graph is rewritten into. */
export class Rewriter {
  readonly nodes: Node[] = [];
  readonly initializers: Map<string, Tensor>;
  readonly #constants = new Map<string, Tensor>();
  readonly #read = new Set<string>();

  constructor(
    graph: Graph,
    readonly names: Set<string>,
    readonly onlyFloat32: boolean,
    readonly outer?: Rewriter,
  ) {
    this.initializers = new Map(graph.initializers);
    for (const { name } of graph.outputs) this.#read.add(name);
    readNames(graph, this.#read);
    for (const node of graph.nodes) {
      const tensor = node.opType === 'Constant' && node.domain === '' ? evaluateNode(node, [])?.[0] : undefined;
      if (tensor) this.#constants.set(node.outputs[0]!, tensor);
    }
  }

  /** Whether a node or the graph's outputs use this tensor. */
  isRead(name: string): boolean {
    return this.#read.has(name);
  }

  /** A name nothing has yet. */
  unique(hint: string): string {
    let name = hint;
    for (let i = 1; this.names.has(name); i++) name = `${hint}_${i}`;
    this.names.add(name);
    return name;
  }

  /** The tensor of this name where it is constant. */
  tensorOf(name: string | undefined): Tensor | undefined {
    if (!name) return undefined;
    return this.initializers.get(name) ?? this.#constants.get(name) ?? this.outer?.tensorOf(name);
  }

  /** The numbers of a constant input; `undefined` where it is left out. */
  numbersOf(node: Node, input: number): number[] | undefined {
    const name = node.inputs[input];
    if (!name) return undefined;
    const tensor = this.tensorOf(name);
    if (!tensor)
      throw unsupported(node, `its input ${input} ("${name}") is computed, and operator set 17 wants an attribute`);
    return numbersOf(tensor);
  }

  /** A new constant. */
  constant(tensor: Tensor, hint: string): string {
    const name = this.unique(hint);
    this.initializers.set(name, tensor);
    return name;
  }

  /** A new one-axis int64 constant. */
  ints(values: readonly number[], hint: string): string {
    return this.constant(tensorOf('int64', values), hint);
  }

  /** A new scalar of the type of the tensor `like`. */
  scalarLike(value: number, like: string, hint: string, dtype: DType = 'float32'): string {
    const scalar = this.constant(tensorOf(dtype, [value], []), hint);
    return this.onlyFloat32 ? scalar : this.emit('CastLike', [scalar, like], {}, hint);
  }

  /** Appends a node of one output and returns its name. */
  emit(opType: string, inputs: readonly string[], attributes: Attributes, hint: string): string {
    const name = this.unique(hint);
    this.nodes.push({ opType, domain: '', name, inputs, outputs: [name], attributes });
    return name;
  }
}

/** An error about a node that operator set 17 has no words for. */
export function unsupported(node: Node, reason: string): OnnxError {
  return new OnnxError(
    'unsupported_opset',
    `Node "${node.name || node.outputs[0]}" (${node.opType}) cannot be written in operator set 17: ${reason}.`,
    { node: node.name, opType: node.opType },
  );
}
