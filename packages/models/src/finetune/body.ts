import { FoveaError } from '@fovea/annotations';
import {
  addGraph,
  type Graph,
  GraphBuilder,
  type Model,
  modelOf,
  numbersOf,
  OnnxError,
  type Shape,
  simplify,
  type Tensor,
  tensorOf,
  type Value,
} from '@fovea/onnx';
import { factorTo } from '../network.js';
import type { SourceInput } from '../pretrained/catalogue.js';
import { adaptSize } from './adapt-size.js';

/** Part of a loaded model as a layer of a network: input `images` [N, 3, H, W], RGB 0-255; outputs `features0`, …. */
export interface Body {
  readonly model: Model;
  /** Names of the outputs. */
  readonly features: readonly string[];
  /** Their shapes for one picture; maps are [1, C, h, w]. */
  readonly shapes: readonly Shape[];
}

/** The image input of a loaded graph: the one float input; throws `unsupported_model` where there is not exactly one. */
export function imageInput(graph: Graph): { name: string; shape: readonly (number | string)[] } {
  const own = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  const [input] = own;
  if (own.length === 1 && input!.dtype === 'float32' && input!.shape?.length === 4)
    return { name: input!.name, shape: input!.shape };
  const said = own.map(({ name, dtype, shape }) => `${name} ${dtype} [${shape ?? '?'}]`).join(', ');
  throw new FoveaError(
    'unsupported_model',
    `The model has the inputs ${said || '(none)'}; Fovea feeds models of one float32 input of pictures with four axes.`,
  );
}

/** Shape of the model's own input for one picture of this size. */
function inputShape(layout: SourceInput['layout'], width: number, height: number): Shape {
  return layout === 'NCHW' ? [1, 3, height, width] : [1, height, width, 3];
}

/** Images [N, 3, H, W], RGB 0-255, as the model wants them. */
function preprocess(graph: GraphBuilder, images: Value, { layout, colours, mean, std }: SourceInput): Value {
  let x = images;
  if (colours === 'BGR') x = graph.node('Gather', [x, graph.ints([2, 1, 0])], { axis: 1 });
  const perColour = (values: readonly number[]) =>
    graph.constant(tensorOf('float32', values, [1, 3, 1, 1]), 'preprocessing');
  if (mean.some((value) => value !== 0)) x = graph.node('Sub', [x, perColour(mean)]);
  if (std.some((value) => value !== 1)) x = graph.node('Mul', [x, perColour(std.map((value) => 1 / value))]);
  return layout === 'NCHW' ? x : graph.node('Transpose', [x], { perm: [0, 2, 3, 1] });
}

/**
 * The part of a loaded graph from its image input to the tensors of `cut`, at a size and with its preprocessing inside.
 *
 * @param model upgraded to operator set 17.
 * @param cut names of tensors in `model`; maps in the model's own layout become [N, C, h, w].
 * @throws FoveaError `unsupported_model`, `unknown_cut` listing tensors to cut at, `unfit_input_size` where the model
 *   cannot take pictures of this size, `batch_bound_model` where it cannot take several at once.
 */
export function prepareBody(model: Model, input: SourceInput, size: Size, cut: readonly string[]): Body {
  const { name, shape: declared } = imageInput(model.graph);
  const wanted = inputShape(input.layout, size.width, size.height);
  const fixed = declared.map((length, axis) => (typeof length === 'number' && axis > 0 ? length : wanted[axis]!));
  checkCut(model.graph, cut);
  const builder = new GraphBuilder('body');
  const images = builder.input('images', 'float32', [1, 3, size.height, size.width]);
  let values: Map<string, Value>;
  try {
    const graph = adaptSize(model.graph, name, fixed, wanted);
    values = addGraph(builder, graph, { [name]: preprocess(builder, images, input) }, { until: cut });
  } catch (cause) {
    if (!(cause instanceof OnnxError) || `${fixed}` === `${wanted}`) throw cause;
    throw new FoveaError(
      'unfit_input_size',
      `The model was made for ${input.width}x${input.height} and cannot take ${size.width}x${size.height}: ` +
        `${cause.message} Train it at its own size.`,
      { ...size },
      { cause },
    );
  }
  const features = cut.map((_, i) => `features${i}`);
  cut.forEach((own, i) => {
    const value = values.get(own)!;
    const inOrder = input.layout === 'NHWC' && value.shape.length === 4 && !isMap(model.graph, own);
    builder.output(inOrder ? builder.node('Transpose', [value], { perm: [0, 3, 1, 2] }) : value, features[i]!);
  });
  const body = simplify(modelOf(withOpenBatch(builder.build(), builder)));
  return checked(
    { model: body, features, shapes: features.map((feature) => builder.values.get(feature)!.shape) },
    size,
  );
}

/** The body of another body: cut earlier, at names of its own tensors. */
export function cutBody(body: Body, cut: readonly string[], size: Size): Body {
  const builder = new GraphBuilder('body');
  const images = builder.input('images', 'float32', [1, 3, size.height, size.width]);
  const values = addGraph(builder, body.model.graph, { images }, { until: cut });
  const features = cut.map((_, i) => `features${i}`);
  cut.forEach((own, i) => {
    builder.output(values.get(own)!, features[i]!);
  });
  return bodyOf(withOpenBatch(builder.build(), builder), builder, features, size);
}

/** Whether a tensor of a graph of layout NHWC is [N, C, h, w] all the same, since its converter put transposes around it. */
function isMap(graph: Graph, name: string): boolean {
  const producer = graph.nodes.find(({ outputs }) => outputs.includes(name));
  if (!producer) return false;
  if (/^(Conv|ConvTranspose|Resize|BatchNormalization|.*Pool)$/.test(producer.opType)) return true;
  if (producer.opType === 'Transpose') return `${producer.attributes.perm}` === '0,3,1,2';
  const input = producer.inputs.find((other) => other && !graph.initializers.has(other));
  return input !== undefined && isMap(graph, input);
}

/**
 * Shapes written for a batch of one, rewritten for any: of Reshape, whose first axis takes what is left, and of Resize,
 * which gets factors for sizes. Nodes are named by what they compute, since their own names may be another's in a network.
 */
function withOpenBatch(graph: Graph, builder: GraphBuilder): Graph {
  const initializers = new Map<string, Tensor>(graph.initializers);
  const nodes = graph.nodes.map((own) => {
    const node = { ...own, name: own.outputs[0]! };
    const [x, second, , sizes] = node.inputs;
    const output = builder.values.get(node.outputs[0]!)!.shape;
    if (node.opType === 'Reshape' && initializers.has(second!) && !initializers.has(x!) && output.length > 0) {
      const name = `${node.outputs[0]}:shape`;
      initializers.set(name, tensorOf('int64', [-1, ...output.slice(1)]));
      return { ...node, inputs: [x!, name] };
    }
    if (node.opType === 'Resize' && sizes && initializers.has(sizes)) {
      const from = builder.values.get(x!)!.shape;
      const to = numbersOf(initializers.get(sizes)!);
      const name = `${node.outputs[0]}:factors`;
      initializers.set(
        name,
        tensorOf(
          'float32',
          from.map((length, axis) => factorTo(length, to[axis]!)),
        ),
      );
      return { ...node, inputs: [x!, '', name] };
    }
    return node;
  });
  return { ...graph, nodes, initializers };
}

/** A body whose outputs are computed under their own names, not handed on by Identity, which a replay leaves out. */
function bodyOf(graph: Graph, built: GraphBuilder, features: readonly string[], size: Size): Body {
  const names = new Map<string, string>();
  const handed = graph.nodes.filter(({ opType, outputs }) => opType === 'Identity' && features.includes(outputs[0]!));
  for (const { inputs, outputs } of handed) if (!names.has(inputs[0]!)) names.set(inputs[0]!, outputs[0]!);
  // Where one tensor is named twice, its second name is its first.
  const finals = features.map((feature) => {
    const from = handed.find(({ outputs }) => outputs[0] === feature)?.inputs[0];
    return from === undefined ? feature : names.get(from)!;
  });
  const renamed = (name: string) => names.get(name) ?? name;
  const nodes = graph.nodes
    .filter((node) => !handed.includes(node))
    .map((node) => ({ ...node, inputs: node.inputs.map(renamed), outputs: node.outputs.map(renamed) }));
  const outputs = graph.outputs.filter(({ name }) => finals.includes(name));
  const shapes = features.map((feature) => built.values.get(feature)!.shape);
  return checked({ model: modelOf({ ...graph, nodes, outputs }), features: finals, shapes }, size);
}

/** A size in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

function checked(body: Body, { width, height }: Size): Body {
  const builder = new GraphBuilder('batch');
  const images = builder.input('images', 'float32', [2, 3, height, width]);
  let fits = true;
  try {
    const values = addGraph(builder, body.model.graph, { images });
    fits = body.features.every((feature) => values.get(feature)!.shape[0] === 2);
  } catch (cause) {
    if (!(cause instanceof OnnxError)) throw cause;
    fits = false;
  }
  if (!fits)
    throw new FoveaError(
      'batch_bound_model',
      'The model takes one picture at a time: a shape in it is written for a batch of one. Export it with an open batch ' +
        'axis, or cut it before that.',
    );
  return body;
}

/** Tensors a new head may be put on: results of real work, not of moving data about. */
export function cutCandidates(graph: Graph): string[] {
  const passive =
    /^(Transpose|Reshape|Squeeze|Unsqueeze|Flatten|Identity|Cast|Shape|Constant|DequantizeLinear|QuantizeLinear|Gather|Slice)$/;
  return graph.nodes.filter(({ opType }) => !passive.test(opType)).flatMap(({ outputs }) => outputs[0] ?? []);
}

function checkCut(graph: Graph, cut: readonly string[]): void {
  const known = new Set(graph.nodes.flatMap(({ outputs }) => outputs));
  const unknown = cut.find((name) => !known.has(name));
  if (unknown === undefined) return;
  const candidates = cutCandidates(graph).slice(-16).reverse();
  throw new FoveaError(
    'unknown_cut',
    `The model has no tensor "${unknown}" to be cut at; its last ones are ${candidates.join(', ')}.`,
    { name: unknown, candidates },
  );
}
