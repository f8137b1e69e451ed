import {
  addGraph,
  float,
  floatAttribute,
  type Graph,
  type GraphBuilder,
  type Model,
  type Node,
  OnnxError,
  sizeOf,
  type Tensor,
  type Use,
  type Value,
} from '@fovea/onnx';
import type { Initializer } from './initializers.js';
import type { BuildContext } from './parameters.js';

/** The elements of `tensor`, a float32 one of the parameter's size: how trained weights come in. */
export const copyInit =
  (tensor: Tensor): Initializer =>
  (out) => {
    out.set(tensor.data as Float32Array);
  };

/** What of a loaded graph is trained, and how. */
export interface GraphLayerOptions {
  /** Tensors to give back; only what they need is built. The graph's outputs by default. */
  readonly until?: readonly string[];
  /**
   * Globs (`*`, `?`) of what stays as it is: names of initializers, or of nodes, whose initializers are meant then.
   * Normalizations so frozen keep their running statistics too.
   */
  readonly freeze?: readonly string[];
  /** Tensors before which everything stays as it is. */
  readonly freezeUntil?: readonly string[];
  /** Factor on the learning rate of all that is trained, 1 by default. */
  readonly rate?: number;
  /** Whether batch normalizations use the batch's statistics when training, the default, or always the running ones. */
  readonly normalization?: 'batch' | 'running';
}

/** Inputs of operators that hold weights, by index. */
const weightInputs: Readonly<Record<string, readonly number[]>> = {
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  Gemm: [0, 1, 2],
  MatMul: [0, 1],
  BatchNormalization: [1, 2],
  InstanceNormalization: [1, 2],
  LayerNormalization: [1, 2],
  GroupNormalization: [1, 2],
  PRelu: [1],
};
/** Operators that apply a bias or a scale which is a tensor of its own. */
const offsets = new Set(['Add', 'Sub', 'Mul']);

const holdsWeight = ({ node, input }: Use): boolean =>
  node.domain === '' && (weightInputs[node.opType]?.includes(input) ?? false);

/**
 * Names of the float32 initializers of `graph` that training may change, in the order of their first use: weights and
 * biases of convolutions and matrix products, scales and biases of normalizations, slopes of PRelu, and tensors added to
 * or multiplied with what a weight has already gone into. Single numbers are none: they are part of a formula.
 */
export function trainableInitializers(graph: Graph): Set<string> {
  const isWeight = (name: string) => graph.initializers.get(name)?.dtype === 'float32';
  const weighted = new Set<string>();
  const trainable = new Set<string>();
  for (const node of graph.nodes) {
    let reached = node.inputs.some((name) => weighted.has(name));
    node.inputs.forEach((name, input) => {
      const offset = reached && offsets.has(node.opType) && node.domain === '';
      if (!isWeight(name) || !(holdsWeight({ node, input }) || offset)) return;
      if (sizeOf(graph.initializers.get(name)!.shape) > 1 || !offset) trainable.add(name);
      reached = true;
    });
    if (reached) for (const output of node.outputs) weighted.add(output);
  }
  return trainable;
}

/**
 * Names that match one of `globs` (`*` any characters, `?` one); throws OnnxError `unknown_parameters` for a glob that
 * matches none.
 */
export function matchNames(globs: readonly string[], names: readonly string[]): Set<string> {
  const matched = new Set<string>();
  for (const glob of globs) {
    const pattern = globPattern(glob);
    const own = names.filter((name) => pattern.test(name));
    if (own.length === 0)
      throw new OnnxError(
        'unknown_parameters',
        `Nothing in the model is named like "${glob}"; there are ${listed(names)}.`,
        { glob },
      );
    for (const name of own) matched.add(name);
  }
  return matched;
}

/**
 * Names of the initializers of `graph` that stay as they are, by {@link GraphLayerOptions}; throws OnnxError
 * `unknown_parameters` for a glob that matches nothing.
 */
export function frozenInitializers(
  graph: Graph,
  freeze: readonly string[],
  freezeUntil: readonly string[] = [],
): Set<string> {
  const trainable = [...trainableInitializers(graph)];
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  const statistics = normalizations(graph).flatMap(({ mean, variance }) => [mean, variance]);
  const matched = matchNames(freeze, [...nodes.keys(), ...statistics, ...trainable]);
  const frozen = new Set<string>();
  const freezeNode = (node: Node) => {
    for (const input of node.inputs) if (graph.initializers.has(input)) frozen.add(input);
  };
  for (const name of matched) {
    if (graph.initializers.has(name)) frozen.add(name);
    const node = nodes.get(name);
    if (node) freezeNode(node);
  }
  const before = new Set(freezeUntil);
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => before.has(output))) continue;
    freezeNode(node);
    for (const input of node.inputs) before.add(input);
  }
  return frozen;
}

function globPattern(glob: string): RegExp {
  const escaped = glob.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/\*/g, '.*').replace(/\?/g, '.')}$`, 's');
}

/** Some of many names, from both ends, for a message. */
function listed(names: readonly string[]): string {
  const quoted = names.map((name) => `"${name}"`);
  if (quoted.length <= 12) return quoted.join(', ');
  return `${quoted.slice(0, 6).join(', ')}, … ${quoted.slice(-6).join(', ')} (${quoted.length} in all)`;
}

/** A batch normalization whose statistics are initializers that nothing else uses. */
interface Normalization {
  readonly node: Node;
  readonly mean: string;
  readonly variance: string;
}

function normalizations(graph: Graph): Normalization[] {
  const uses = new Map<string, number>();
  for (const { inputs } of graph.nodes) for (const name of inputs) uses.set(name, (uses.get(name) ?? 0) + 1);
  return graph.nodes.flatMap((node) => {
    const [, , , mean, variance] = node.inputs;
    if (node.opType !== 'BatchNormalization' || node.domain !== '') return [];
    const own = (name: string | undefined) => name && graph.initializers.has(name) && uses.get(name) === 1;
    return own(mean) && own(variance) ? [{ node, mean: mean!, variance: variance! }] : [];
  });
}

/** The graph with these normalizations in training mode: two outputs more, and scratch where statistics went in. */
function inTraining(graph: Graph, found: readonly Normalization[]): { graph: Graph; scratch: Set<string> } {
  const scratch = new Set<string>();
  const initializers = new Map(graph.initializers);
  const changed = new Map<Node, Node>();
  for (const { node, mean, variance } of found) {
    const [x, scale, bias] = node.inputs as [string, string, string];
    for (const name of [mean, variance]) {
      initializers.set(`${name}:scratch`, graph.initializers.get(name)!);
      scratch.add(`${name}:scratch`);
    }
    changed.set(node, {
      ...node,
      inputs: [x, scale, bias, `${mean}:scratch`, `${variance}:scratch`],
      outputs: [node.outputs[0]!, `${mean}:batch`, `${variance}:batch`],
      // With momentum 0 the two further outputs are the batch's own statistics.
      attributes: {
        epsilon: float(floatAttribute(node.attributes, 'epsilon', 1e-5)),
        momentum: float(0),
        training_mode: 1,
      },
    });
  }
  return { graph: { ...graph, initializers, nodes: graph.nodes.map((node) => changed.get(node) ?? node) }, scratch };
}

/** A tensor for the operator to write over: of contents no other initializer has, or ONNX Runtime merges them. */
function scratchTensor(graph: GraphBuilder, { shape }: Tensor, sign: number): Value {
  const own = sign * (graph.initializers.size + 1.25);
  return graph.constant({ dtype: 'float32', shape, data: new Float32Array(sizeOf(shape)).fill(own) }, 'scratch');
}

/**
 * A loaded graph as a layer: replayed at the shapes of `inputs`, with its trainable initializers (see
 * {@link trainableInitializers}) as parameters under their own names, behind `name.` where a name is given, that start
 * as they are in the file. Weight decay leaves out all but the weights of convolutions and matrix products. Statistics of
 * batch normalizations are buffers. What is frozen, and every other initializer, is a constant of the graph.
 *
 * @param model at operator set 17: see `upgradeModel`, and `simplify` for quantized weights.
 * @param inputs values for the graph's inputs, by name.
 * @returns values by the names tensors have in the model, at least those of `until`.
 * @throws OnnxError `unknown_parameters` for a glob that matches nothing, `unknown_tensor`, and as `addGraph`.
 */
export function graphLayer(
  context: BuildContext,
  name: string,
  model: Model,
  inputs: Readonly<Record<string, Value>>,
  options: GraphLayerOptions = {},
): Map<string, Value> {
  const { until, freeze = [], freezeUntil = [], rate = 1, normalization = 'batch' } = options;
  const { graph: builder, source, training, statistics } = context;
  const frozen = frozenInitializers(model.graph, freeze, freezeUntil);
  const trainable = trainableInitializers(model.graph);
  const prefixed = (own: string) => (name ? `${name}.${own}` : own);

  const normalized =
    normalization === 'running' ? [] : normalizations(model.graph).filter(({ mean }) => !frozen.has(mean));
  const buffers = new Set(normalized.flatMap(({ mean, variance }) => [mean, variance]));
  const { graph, scratch } = training ? inTraining(model.graph, normalized) : { graph: model.graph, scratch: null };

  const values = addGraph(builder, graph, inputs, {
    ...(until ? { until } : {}),
    initializer(own, tensor, uses) {
      if (scratch?.has(own)) return scratchTensor(builder, tensor, uses[0]!.input === 3 ? -1 : 1);
      if (buffers.has(own)) return source.buffer(prefixed(own), tensor.shape, copyInit(tensor));
      if (!trainable.has(own) || frozen.has(own)) return builder.constant(tensor, own);
      const decay = tensor.shape.length > 1 && uses.some(({ node, input }) => pulledByDecay(node, input));
      return source.parameter(prefixed(own), tensor.shape, copyInit(tensor), decay, rate);
    },
  });
  for (const { mean, variance } of training ? normalized : [])
    for (const own of [mean, variance]) {
      const batch = values.get(`${own}:batch`);
      // Absent where the normalization lies behind `until`.
      if (!batch) continue;
      source.buffer(prefixed(own), batch.shape, copyInit(model.graph.initializers.get(own)!));
      statistics.set(prefixed(own), batch);
    }
  return values;
}

/** Whether an input is a weight matrix or kernel, which weight decay pulls on. */
function pulledByDecay({ opType }: Node, input: number): boolean {
  if (opType === 'MatMul') return true;
  return (opType === 'Conv' || opType === 'ConvTranspose' || opType === 'Gemm') && input < 2;
}
