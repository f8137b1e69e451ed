import type { GraphBuilder } from './builder.js';
import { OnnxError } from './error.js';
import { evaluateNode } from './fold/index.js';
import type { Graph, Node, Value } from './graph.js';
import { type Shape, sizeOf, type Tensor, tensorOf } from './tensor.js';

/** One place where a tensor goes into a node. */
export interface Use {
  readonly node: Node;
  /** Which of the node's inputs it is. */
  readonly input: number;
}

/** How a graph is replayed. */
export interface AddGraphOptions {
  /**
   * Brings a float initializer (or float Constant node) in: as a parameter, as a constant, as anything of its type and
   * shape. Asked once for each that a replayed node computes with; not for those that decide shapes (scales of a Resize,
   * bounds of a Range) or set an operator up (bounds of a Clip), which are constants. Without it, all are constants.
   */
  readonly initializer?: (name: string, tensor: Tensor, uses: readonly Use[]) => Value;
  /** Tensors of the graph at which to stop: only what they need is added. The graph's outputs by default. */
  readonly until?: readonly string[];
  /** Scope the names are put under: `prefix/name`. */
  readonly prefix?: string;
}

/** Inputs whose numbers, not only their shapes, must be known where static shapes are wanted. */
const shapeInputs: Readonly<Record<string, readonly number[]>> = {
  CenterCropPad: [1],
  ConstantOfShape: [0],
  Expand: [1],
  OneHot: [1],
  Pad: [1, 3],
  Range: [0, 1, 2],
  ReduceSum: [1],
  Reshape: [1],
  Resize: [1, 2, 3],
  Slice: [1, 2, 3, 4],
  Split: [1],
  Squeeze: [1],
  Tile: [1],
  TopK: [1],
  Unsqueeze: [1],
  Upsample: [1],
};

/** Inputs that set what an operator does: bounds, rates, fills. They may be floats, and are no weights. */
const settingInputs: Readonly<Record<string, readonly number[]>> = {
  Clip: [1, 2],
  Dropout: [1, 2],
  OneHot: [2],
  Pad: [2],
};

/** A tensor of the replayed graph: known at build time, or a value of the builder, or both. */
interface Entry {
  readonly tensor?: Tensor;
  value?: Value;
}

const isReal = (tensor: Tensor): boolean => tensor.dtype.startsWith('float');

/** The tensor a Constant node holds; `undefined` for every other node. */
function constantTensor(node: Node): Tensor | undefined {
  return node.opType === 'Constant' ? evaluateNode(node, [])?.[0] : undefined;
}

/**
 * Replays a loaded graph, at operator set 17 (see `upgradeModel`), into a builder at the static shapes of `inputs`.
 *
 * What is known at build time is computed on the way: shapes, integer arithmetic on them, nodes of constants. So
 * operators whose shape is an input (Reshape, Slice, Resize, Expand, …) get a constant one.
 *
 * @param inputs values for the graph's inputs, by name. A tensor within the graph may be named too: it is then taken
 *   from here and what computed it is left out.
 * @returns values by the names tensors have in `graph`: its inputs, what was replayed, and at least the outputs or
 *   `until`.
 * @throws OnnxError `unknown_tensor` for a name in `inputs` or `until` the graph does not have; `missing_input` for an
 *   input that is not given; `shape_mismatch` for one of another rank or type; `unsupported_operator` for operators with
 *   subgraphs; `dynamic_shape` for a shape that cannot be inferred; `invalid_node` for inputs or attributes that
 *   are not the operator's; `unknown_operator`, `shape_mismatch` as `GraphBuilder.nodesOf`. Each names the node and its
 *   operator.
 */
export function addGraph(
  builder: GraphBuilder,
  graph: Graph,
  inputs: Readonly<Record<string, Value>>,
  options: AddGraphOptions = {},
): Map<string, Value> {
  const targets = options.until ?? graph.outputs.map((output) => output.name);
  const given = new Map(Object.entries(inputs));
  checkNames(graph, given, targets);
  const nodes = neededNodes(graph, targets, given);
  const replay = () => new Replay(builder, graph, nodes, given, options.initializer).run(targets);
  const scope = options.prefix?.replace(/\/+$/, '');
  return scope ? builder.scoped(scope, replay) : replay();
}

function checkNames(graph: Graph, given: ReadonlyMap<string, Value>, targets: readonly string[]): void {
  const known = new Set([...graph.initializers.keys(), ...graph.inputs.map((input) => input.name)]);
  for (const node of graph.nodes) for (const output of node.outputs) known.add(output);
  const stranger = [...given.keys(), ...targets].find((name) => !known.has(name));
  if (stranger !== undefined)
    throw new OnnxError(
      'unknown_tensor',
      `Graph "${graph.name}" has no tensor "${stranger}"; its inputs are ${listed(graph.inputs.map((each) => each.name))}, its outputs ${listed(graph.outputs.map((each) => each.name))}.`,
      { name: stranger },
    );
  for (const { name, dtype, shape } of graph.inputs) {
    const value = given.get(name);
    if (!value) continue;
    if (value.dtype !== dtype || (shape && shape.length !== value.shape.length))
      throw new OnnxError(
        'shape_mismatch',
        `Input "${name}" of graph "${graph.name}" is ${dtype} [${shape ?? '?'}]; ${value.dtype} [${value.shape}] was given.`,
      );
  }
}

const listed = (names: readonly string[]): string => names.map((name) => `"${name}"`).join(', ');

/** The nodes that `targets` need, in order, looking no further than what is given. */
function neededNodes(graph: Graph, targets: readonly string[], given: ReadonlyMap<string, Value>): Node[] {
  const needed = new Set(targets);
  const nodes: Node[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]!;
    if (!node.outputs.some((output) => output !== '' && needed.has(output) && !given.has(output))) continue;
    for (const input of node.inputs) if (input) needed.add(input);
    nodes.push(node);
  }
  return nodes.reverse();
}

/** Names of tensors whose numbers decide a shape or set an operator up, directly or through other nodes. */
function deciding(nodes: readonly Node[]): Set<string> {
  const found = new Set<string>();
  for (let i = nodes.length - 1; i >= 0; i--) {
    const { opType, domain, inputs, outputs } = nodes[i]!;
    // A shape is known whatever the numbers are.
    if (domain === '' && (opType === 'Shape' || opType === 'Size')) continue;
    const all = outputs.some((output) => output !== '' && found.has(output));
    const some = (table: typeof shapeInputs) => (domain === '' && Object.hasOwn(table, opType) ? table[opType]! : []);
    const own = [...some(shapeInputs), ...some(settingInputs)];
    inputs.forEach((input, index) => {
      if (input && (all || own.includes(index))) found.add(input);
    });
  }
  return found;
}

class Replay {
  readonly #entries = new Map<string, Entry>();
  readonly #uses = new Map<string, Use[]>();
  readonly #deciding: Set<string>;

  constructor(
    readonly builder: GraphBuilder,
    readonly graph: Graph,
    readonly nodes: readonly Node[],
    given: ReadonlyMap<string, Value>,
    readonly initializer: AddGraphOptions['initializer'],
  ) {
    this.#deciding = deciding(nodes);
    for (const [name, tensor] of graph.initializers) this.#entries.set(name, { tensor });
    for (const [name, value] of given) this.#entries.set(name, this.#entryOf(value));
    for (const node of nodes)
      node.inputs.forEach((input, index) => {
        const uses = this.#uses.get(input);
        if (uses) uses.push({ node, input: index });
        else this.#uses.set(input, [{ node, input: index }]);
      });
  }

  #entryOf(value: Value): Entry {
    const tensor = this.builder.tensorOf(value);
    return tensor ? { tensor, value } : { value };
  }

  run(targets: readonly string[]): Map<string, Value> {
    // Weights enter first: whether they are constants decides what can be folded.
    for (const [name, tensor] of this.graph.initializers) if (this.#uses.has(name)) this.#offer(name, tensor);
    for (const node of this.nodes) this.#add(node);
    for (const name of targets) this.#valueOf(name, undefined);
    const values = new Map<string, Value>();
    for (const [name, { value }] of this.#entries) if (value) values.set(name, value);
    return values;
  }

  /** Lets the caller bring a float tensor in; the others are known tensors, made constants where a node needs one. */
  #offer(name: string, tensor: Tensor): boolean {
    const uses = this.#uses.get(name);
    if (!this.initializer || !uses || !isReal(tensor) || this.#deciding.has(name) || this.#entries.get(name)?.value)
      return false;
    const value = this.initializer(name, tensor, uses);
    if (value.dtype !== tensor.dtype || `${value.shape}` !== `${tensor.shape}`)
      throw new OnnxError(
        'shape_mismatch',
        `Initializer "${name}" is ${tensor.dtype} [${tensor.shape}]; ${value.dtype} [${value.shape}] was put in its place.`,
      );
    this.#entries.set(name, this.#entryOf(value));
    return true;
  }

  #add(node: Node): void {
    const outputs = node.outputs.filter((output) => output !== '');
    if (outputs.every((output) => this.#entries.has(output))) return;
    const constant = constantTensor(node);
    if (constant && this.#offer(outputs[0]!, constant)) return;
    const subgraph = Object.values(node.attributes).some((value) => typeof value === 'object' && 'nodes' in value);
    if (subgraph)
      throw new OnnxError(
        'unsupported_operator',
        `${described(node)} holds a graph of its own, which Fovea cannot replay; export the model without control flow.`,
        { opType: node.opType },
      );
    const folded = this.#fold(node);
    if (folded)
      node.outputs.forEach((output, i) => {
        if (output && !this.#entries.has(output)) this.#entries.set(output, { tensor: folded[i]! });
      });
    else this.#replay(node);
  }

  #fold(node: Node): readonly Tensor[] | undefined {
    if (node.domain === '' && (node.opType === 'Shape' || node.opType === 'Size')) {
      const shape = this.#entry(node.inputs[0]!, node).tensor?.shape ?? this.#valueOf(node.inputs[0]!, node).shape;
      return evaluateNode(node, [shapeOnly(shape)]);
    }
    const inputs = node.inputs.map((input) => (input ? this.#entry(input, node).tensor : null));
    return inputs.every((tensor) => tensor !== undefined)
      ? explained(node, inputs, () => evaluateNode(node, inputs))
      : undefined;
  }

  #replay(node: Node): void {
    const inputs = node.inputs.map((input) => (input ? this.#valueOf(input, node) : null));
    const count = node.outputs.findLastIndex((output) => output !== '') + 1;
    const names = { node: node.name || node.outputs[0]!, outputs: node.outputs };
    const values = explained(node, inputs, () =>
      this.builder.nodesOf(node.opType, inputs, node.attributes, count, node.domain, names),
    );
    values.forEach((value, i) => {
      const output = node.outputs[i]!;
      if (!output || this.#entries.has(output)) return;
      // A node that changes nothing is left unread, and so is not built.
      const [x] = inputs;
      this.#entries.set(output, { value: i === 0 && x && changesNothing(node, x, value) ? x : value });
    });
  }

  #entry(name: string, node: Node | undefined): Entry {
    const entry = this.#entries.get(name);
    if (entry) return entry;
    const isInput = this.graph.inputs.some((input) => input.name === name);
    const reader = node ? `${described(node)} reads` : 'What is asked for is';
    throw isInput
      ? new OnnxError(
          'missing_input',
          `${reader} the input "${name}" of graph "${this.graph.name}", which was not given.`,
          { name },
        )
      : new OnnxError('undefined_tensor', `${reader} "${name}", which nothing before it computes.`, { name });
  }

  /** The builder's value of a tensor, made a constant where it is known but not yet there. */
  #valueOf(name: string, node: Node | undefined): Value {
    const entry = this.#entry(name, node);
    entry.value ??= this.#constant(name, entry.tensor!);
    return entry.value;
  }

  #constant(name: string, tensor: Tensor): Value {
    // What was computed on the way is mostly shapes, equal ones again and again.
    const computed = !this.graph.initializers.has(name);
    if (computed && tensor.dtype === 'int64' && tensor.shape.length === 1 && sizeOf(tensor.shape) <= 8) {
      const numbers = Array.from(tensor.data as BigInt64Array, Number);
      if (numbers.every(Number.isSafeInteger)) return this.builder.ints(numbers);
    }
    return this.builder.constant(tensor, name);
  }
}

/** Whether a replayed node, at these static shapes, hands its input on as it is. */
function changesNothing({ opType, domain, inputs }: Node, x: Value, y: Value): boolean {
  if (domain !== '' || x.dtype !== y.dtype || `${x.shape}` !== `${y.shape}`) return false;
  if (opType === 'Dropout') return !inputs[2];
  return ['Cast', 'Expand', 'Flatten', 'Identity', 'Reshape', 'Squeeze', 'Tile', 'Unsqueeze'].includes(opType);
}

/** A tensor of a shape whose elements nobody reads. */
function shapeOnly(shape: Tensor['shape']): Tensor {
  return { ...tensorOf('uint8', []), shape };
}

/** Runs `build`; an error is one about `node`. */
function explained<T>(node: Node, inputs: readonly ({ readonly shape: Shape } | null)[], build: () => T): T {
  try {
    return build();
  } catch (cause) {
    const shapes = inputs.map((input) => (input ? `[${input.shape}]` : '-')).join(', ');
    // What is no OnnxError comes of attributes or inputs that are missing or of another kind than the operator's.
    const [code, reason, details] =
      cause instanceof OnnxError
        ? [cause.code, cause.message, cause.details]
        : ['invalid_node', 'its inputs or attributes are not those of operator set 17.', {}];
    throw new OnnxError(
      code,
      `${described(node)} of inputs ${shapes || 'none'} cannot be replayed: ${reason}`,
      { ...details, node: node.name, opType: node.opType },
      { cause },
    );
  }
}

const described = (node: Node): string => `Node "${node.name || node.outputs[0] || ''}" (${node.opType})`;
