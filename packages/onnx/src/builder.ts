import { OnnxError } from './error.js';
import type { Attributes, Graph, Node, Value, ValueInfo } from './graph.js';
import { inferOutputs } from './infer/index.js';
import { type DType, type Shape, type Tensor, tensorOf } from './tensor.js';

/**
 * Builds a graph node by node, knowing each value's type and static shape at once.
 *
 * Nodes are appended in the order of the calls, so the graph is always topologically sorted. Small constants are shared;
 * `constant` makes a fresh initializer each time, which operators that write over an input need.
 */
export class GraphBuilder {
  readonly nodes: Node[] = [];
  readonly initializers = new Map<string, Tensor>();
  readonly inputs: Value[] = [];
  readonly outputs: ValueInfo[] = [];
  readonly values = new Map<string, Value>();
  readonly #shared = new Map<string, Value>();
  readonly #nodeNames = new Set<string>();
  #scope: string[] = [];
  #counter = 0;

  constructor(readonly name = 'graph') {}

  /** Names made inside `build` begin with `scope/`. */
  scoped<T>(scope: string, build: () => T): T {
    this.#scope.push(scope);
    try {
      return build();
    } finally {
      this.#scope.pop();
    }
  }

  /** A name not taken yet, made from the scopes and `hint`. */
  unique(hint: string): string {
    const base = [...this.#scope, hint].join('/');
    const taken = (name: string) => this.values.has(name) || this.#nodeNames.has(name);
    let name = base;
    while (taken(name)) name = `${base}_${++this.#counter}`;
    return name;
  }

  /** A name for a node: it may be that of a tensor, but not that of another node that was named. */
  #uniqueNode(hint: string): string {
    const base = [...this.#scope, hint].join('/');
    let name = base;
    while (this.#nodeNames.has(name)) name = `${base}_${++this.#counter}`;
    return name;
  }

  #define(name: string, dtype: DType, shape: Shape): Value {
    if (this.values.has(name))
      throw new OnnxError(
        'duplicate_name',
        `Two values of graph "${this.name}" are named "${name}"; names are unique.`,
      );
    const value: Value = { name, dtype, shape };
    this.values.set(name, value);
    return value;
  }

  /** Declares an input of the graph. */
  input(name: string, dtype: DType, shape: Shape): Value {
    const value = this.#define(name, dtype, shape);
    this.inputs.push(value);
    return value;
  }

  /** Makes `value` an output of the graph, under `name` where given (by an Identity node). */
  output(value: Value, name = value.name, shape: readonly (number | string)[] = value.shape): void {
    if (name !== value.name) {
      this.nodes.push({
        opType: 'Identity',
        domain: '',
        name: `output:${name}`,
        inputs: [value.name],
        outputs: [name],
        attributes: {},
      });
      this.#define(name, value.dtype, value.shape);
    }
    this.outputs.push({ name, dtype: value.dtype, shape });
  }

  /** A new initializer holding `tensor`. */
  constant(tensor: Tensor, hint = 'const'): Value {
    const value = this.#define(this.unique(hint), tensor.dtype, tensor.shape);
    this.initializers.set(value.name, tensor);
    return value;
  }

  #sharedConstant(dtype: DType, values: readonly number[], shape: Shape): Value {
    const key = `${dtype}[${shape}]:${values}`;
    const known = this.#shared.get(key);
    if (known) return known;
    const value = this.constant(tensorOf(dtype, values, shape), 'const');
    this.#shared.set(key, value);
    return value;
  }

  /** A scalar of a type; equal ones are shared. */
  scalar(value: number, dtype: DType = 'float32'): Value {
    return this.#sharedConstant(dtype, [value], []);
  }

  /** A one-axis int64 constant, as Reshape, Slice and Pad take; equal ones are shared. */
  ints(values: readonly number[]): Value {
    return this.#sharedConstant('int64', values, [values.length]);
  }

  /** The tensor of a value that is constant, `undefined` for one that is computed. */
  tensorOf(value: Value | null | undefined): Tensor | undefined {
    return value ? this.initializers.get(value.name) : undefined;
  }

  /**
   * Appends a node and returns all its outputs, with types and shapes inferred.
   *
   * @param inputs `null` leaves an optional input out.
   * @param outputs how many outputs the node has.
   * @param domain operator set, the standard's by default.
   * @param names hints for the node's and its outputs' names, where they should tell more than the operator does; an
   *   output whose name is `''` is left out.
   * @throws OnnxError `unknown_operator` or `shape_mismatch`, naming the node.
   */
  nodesOf(
    opType: string,
    inputs: readonly (Value | null)[],
    attributes: Attributes = {},
    outputs = 1,
    domain = '',
    names?: { readonly node: string; readonly outputs: readonly string[] },
  ): Value[] {
    const name = names
      ? this.#uniqueNode(names.node || names.outputs.find((output) => output) || opType)
      : this.unique(opType);
    const inferred = inferOutputs(opType, {
      node: name,
      domain,
      inputs,
      attributes,
      outputs,
      tensorOf: (value) => this.tensorOf(value),
    });
    const values = inferred.slice(0, outputs).map(({ dtype, shape }, index): Value => {
      if (!names) return this.#define(index === 0 ? name : `${name}:${index}`, dtype, shape);
      const hint = names.outputs[index];
      return hint ? this.#define(this.unique(hint), dtype, shape) : { name: '', dtype, shape };
    });
    this.#nodeNames.add(name);
    this.nodes.push({
      opType,
      domain,
      name,
      inputs: inputs.map((value) => value?.name ?? ''),
      outputs: values.map((value) => value.name),
      attributes,
    });
    return values;
  }

  /** Appends a node with one output and returns it. */
  node(opType: string, inputs: readonly (Value | null)[], attributes: Attributes = {}, domain = ''): Value {
    return this.nodesOf(opType, inputs, attributes, 1, domain)[0]!;
  }

  /**
   * Puts the nodes that `build` appends in the place of a node with one output, which their last then gives. They may
   * use what there was before that node.
   *
   * @param build returns the output of the last node it appends.
   */
  replace(node: Node, build: () => Value): void {
    const end = this.nodes.length;
    const value = build();
    const added = this.nodes.splice(end);
    const last = added.pop();
    const at = this.nodes.indexOf(node);
    if (!last || last.outputs[0] !== value.name || node.outputs.length !== 1 || at < 0)
      throw new OnnxError('invalid_replacement', `Node "${node.name}" cannot be replaced by "${value.name}".`);
    this.values.delete(value.name);
    this.nodes.splice(at, 1, ...added, { ...last, outputs: node.outputs });
  }

  /** The graph, without the nodes and initializers that no output needs. */
  build(): Graph {
    const needed = new Set(this.outputs.map((output) => output.name));
    const nodes: Node[] = [];
    for (let i = this.nodes.length - 1; i >= 0; i--) {
      const node = this.nodes[i]!;
      if (!node.outputs.some((output) => needed.has(output))) continue;
      for (const input of node.inputs) if (input) needed.add(input);
      nodes.push(node);
    }
    nodes.reverse();
    const initializers = new Map([...this.initializers].filter(([name]) => needed.has(name)));
    return { name: this.name, nodes, initializers, inputs: this.inputs, outputs: this.outputs };
  }
}
