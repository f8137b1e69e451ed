import { evaluateNode } from '../fold/index.js';
import { type Graph, intsAttribute, type Node } from '../graph.js';
import { numbersOf, type Shape, type Tensor, tensorOf } from '../tensor.js';
import { namesOf } from '../upgrade/rewriter.js';
import { fixedInitializers } from './constants.js';
import { chained, inverse, isIdentity, isOrder, type Order, unmoved } from './permutation.js';
import { type Sunk, sinks } from './sinks.js';

/** A tensor that is a Transpose of another, not yet computed. */
interface Moved {
  readonly source: string;
  readonly order: Order;
}

/**
 * Goes through a graph once and holds every Transpose back: nodes are moved before it as long as they can be, two that
 * undo one another meet and are gone, and only what a node needs that cannot be moved is transposed.
 */
export class Layout {
  readonly nodes: Node[] = [];
  readonly initializers: Map<string, Tensor>;
  readonly #constants: Map<string, Tensor>;
  readonly #names: Set<string>;
  readonly #moved = new Map<string, Moved>();
  /** Tensors that turned out to be another one. */
  readonly #same = new Map<string, string>();
  readonly #made = new Map<string, string>();

  constructor(
    readonly graph: Graph,
    readonly shapes: ReadonlyMap<string, Shape>,
  ) {
    this.initializers = new Map(graph.initializers);
    this.#constants = fixedInitializers(graph);
    this.#names = namesOf(graph);
  }

  run(): Graph {
    for (const node of this.graph.nodes) this.#take(node);
    for (const { name } of this.graph.outputs) {
      const now = this.#current(name);
      if (this.#moved.has(now)) this.#settle(now);
      if (now !== name)
        this.nodes.push({ opType: 'Identity', domain: '', name: '', inputs: [now], outputs: [name], attributes: {} });
    }
    return { ...this.graph, nodes: this.nodes, initializers: this.initializers };
  }

  #current(name: string): string {
    return this.#same.get(name) ?? name;
  }

  #take(node: Node): void {
    const inputs = node.inputs.map((input) => this.#current(input));
    const own = { ...node, inputs };
    if (node.domain === '' && node.opType === 'Transpose' && this.#hold(own)) return;
    const moved = inputs.map((input) => this.#moved.get(input)).find((each) => each !== undefined);
    if (moved && node.domain === '' && this.#sink(own, moved.order)) return;
    for (const input of inputs) if (this.#moved.has(input)) this.#settle(input);
    this.nodes.push(own);
  }

  /** Holds a Transpose back; `false` where its order is not told and the rank not known. */
  #hold(node: Node): boolean {
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const before = this.#moved.get(x);
    const rank = before?.order.length ?? this.shapes.get(x)?.length ?? 0;
    const told = intsAttribute(node.attributes, 'perm');
    if (!told && !rank) return false;
    const order = told ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
    if (!isOrder(order, before?.order.length)) return false;
    this.#define(y, before?.source ?? x, before ? chained(before.order, order) : order);
    return true;
  }

  #define(name: string, source: string, order: Order): void {
    if (isIdentity(order)) this.#same.set(name, source);
    else this.#moved.set(name, { source, order });
  }

  #sink(node: Node, order: Order): boolean {
    const sink = Object.hasOwn(sinks, node.opType) ? sinks[node.opType] : undefined;
    let sunk: Sunk | undefined;
    try {
      sunk = sink?.(node, order, this);
    } catch {
      // A node that is not well formed stays where it is; whoever replays the graph says what is wrong with it.
    }
    if (!sunk) return false;
    const suffix = `${order}` === '0,2,3,1' ? 'nchw' : 'moved';
    const outputs = node.outputs.map((output, i) => {
      // Where nothing is left to transpose, the tensor is the one it was and keeps its name.
      if (!output || isIdentity(sunk.orders[i]!)) return output;
      const source = this.#unique(`${output}/${suffix}`);
      this.#define(output, source, sunk.orders[i]!);
      return source;
    });
    this.nodes.push({ ...sunk.node, outputs });
    return true;
  }

  /** Appends the Transpose that was held back, under the tensor's own name. */
  #settle(name: string): void {
    const { source, order } = this.#moved.get(name)!;
    this.#moved.delete(name);
    this.nodes.push({
      opType: 'Transpose',
      domain: '',
      // A node before may have the tensor's name.
      name: '',
      inputs: [source],
      outputs: [name],
      attributes: { perm: [...order] },
    });
  }

  #unique(hint: string): string {
    let name = hint;
    for (let i = 1; this.#names.has(name); i++) name = `${hint}_${i}`;
    this.#names.add(name);
    return name;
  }

  /** What `name` is a Transpose of, in this order. */
  source(name: string, order: Order): string | undefined {
    const moved = this.#moved.get(name);
    return moved && `${moved.order}` === `${order}` ? moved.source : undefined;
  }

  /** Whether the tensor is a Transpose that was held back. */
  isMoved(name: string): boolean {
    return this.#moved.has(name);
  }

  /** The tensor, where it is constant. */
  constant(name: string): Tensor | undefined {
    return this.#constants.get(name);
  }

  /** The numbers of a constant. */
  numbers(name: string): number[] | undefined {
    const tensor = this.constant(name);
    return tensor && numbersOf(tensor);
  }

  /** Whether the tensor is a constant of one element and at most one axis. */
  isScalar(name: string): boolean {
    const tensor = this.constant(name);
    return tensor?.data.length === 1 && tensor.shape.length <= 1;
  }

  /** The tensor's shape, where all shapes are static. */
  shapeOf(name: string): Shape | undefined {
    return this.shapes.get(name);
  }

  /** What stands for `name` before a Transpose in this order: its source, or a constant that broadcasts there. */
  broadcastSource(name: string, order: Order): string | undefined {
    const tensor = this.constant(name);
    if (!tensor) return this.source(name, order);
    if (tensor.shape.length > order.length) return undefined;
    if (tensor.data.length === 1) return name;
    const missing = new Array<number>(order.length - tensor.shape.length).fill(1);
    return this.#transposed(name, { ...tensor, shape: [...missing, ...tensor.shape] }, order);
  }

  /** The same for operators that do not broadcast. */
  sameRankSource(name: string, order: Order): string | undefined {
    const tensor = this.constant(name);
    if (!tensor) return this.source(name, order);
    return tensor.shape.length === order.length ? this.#transposed(name, tensor, order) : undefined;
  }

  #transposed(name: string, tensor: Tensor, order: Order): string | undefined {
    const key = `${name}:${order}`;
    const known = this.#made.get(key);
    if (known) return known;
    const perm = inverse(order);
    const node = { opType: 'Transpose', domain: '', name: '', inputs: [], outputs: [], attributes: { perm } };
    const result = evaluateNode(node, [tensor])?.[0];
    return result && this.#constant(result, `${name}/moved`, key);
  }

  #constant(tensor: Tensor, hint: string, key: string): string {
    const name = this.#unique(hint);
    this.initializers.set(name, tensor);
    this.#constants.set(name, tensor);
    this.#made.set(key, name);
    return name;
  }

  /** A constant with one number per axis of the Transpose, told per axis of its source. */
  reorderedConstant(name: string, order: Order): string | undefined {
    const tensor = this.constant(name);
    if (tensor?.shape.length !== 1 || tensor.data.length !== order.length) return undefined;
    if (tensor.dtype === 'int64') return this.ints(unmoved(numbersOf(tensor), order));
    if (tensor.dtype !== 'float32') return undefined;
    const values = unmoved(numbersOf(tensor), order);
    const key = `float32:${values}`;
    return this.#made.get(key) ?? this.#constant(tensorOf('float32', values), `${name}/moved`, key);
  }

  /** A constant of integers. */
  ints(values: readonly number[]): string {
    const key = `int64:${values}`;
    return this.#made.get(key) ?? this.#constant(tensorOf('int64', values), `ints_${values.join('_') || 'none'}`, key);
  }
}
