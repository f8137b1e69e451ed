import { addGradients } from '@fovea/autodiff';
import { type BuildContext, FlatSource, type ParameterLayout } from '@fovea/nn';
import { type Graph, GraphBuilder, sizeOf, type Value } from '@fovea/onnx';
import type { Optimizer } from '@fovea/optim';
import type { Recipe } from '../recipes/recipe.js';

/** Pictures as bytes [N, H, W, 3] with a colour change [N, 3, 4] each (see image/augment), as float [N, 3, H, W]. */
function coloured(graph: GraphBuilder, pictures: Value, colours: Value): Value {
  const [n, height, width] = pictures.shape as [number, number, number];
  const [matrix, offset] = graph.nodesOf('Split', [colours, graph.ints([3, 1])], { axis: 2 }, 2) as [Value, Value];
  const pixels = graph.node('Reshape', [graph.node('Cast', [pictures], { to: 1 }), graph.ints([n, height * width, 3])]);
  const changed = graph.node('FusedMatMul', [matrix, pixels], { transB: 1 }, 'com.microsoft');
  const shifted = graph.node('Clip', [graph.node('Add', [changed, offset]), graph.scalar(0), graph.scalar(255)]);
  return graph.node('Reshape', [shifted, graph.ints([n, 3, height, width])]);
}

/** A float tensor the step computes, in order, with the operator that does: what to look through when a number goes bad. */
export interface TracedTensor {
  readonly name: string;
  readonly opType: string;
  readonly elements: number;
}

/** The training step and what there is to know of it. */
export interface StepGraph {
  readonly graph: Graph;
  /** Names of the parts of the loss, in the order of the output `losses` after the loss itself. */
  readonly parts: readonly string[];
  /** For every buffer element, whether the step gives a statistic of the batch for it; others stay as they are. */
  readonly measured: Uint8Array;
  readonly trace: readonly TracedTensor[];
}

/**
 * The training step as one graph: the optimizer applies the last step's gradients, then the forward pass and the
 * gradients of this batch follow at the new parameters.
 *
 * Inputs: `parameters`, `average` and the optimizer's own vectors [S]; `gradient0` … per worker [S]; `hyper`; `pictures`
 * uint8 [N, H, W, 3]; `colours` [N, 3, 4]; the recipe's arrays; `scale` [1]; `buffers` [B].
 * Outputs: the state vectors under `next.…`, `gradient` [S], `statistics` [B] (zero where nothing is measured), `losses`
 * [1 + parts] and `gradientNorm` [1], the length of `gradient`.
 */
export function stepGraph(
  recipe: Recipe,
  layout: ParameterLayout,
  optimizer: Optimizer,
  options: { readonly batch: number; readonly workers: number },
): StepGraph {
  const { network, slots } = recipe;
  const { batch, workers } = options;
  const graph = new GraphBuilder('training-step');
  const vector = (name: string) => graph.input(name, 'float32', [layout.size]);
  const names = stateNamesOf(optimizer);
  const state = Object.fromEntries(names.map((name) => [name, vector(name)]));
  const gradients = Array.from({ length: workers }, (_, worker) => vector(`gradient${worker}`));
  const hyper = graph.input('hyper', 'float32', [optimizer.hyperNames.length]);
  const pictures = graph.input('pictures', 'uint8', [batch, network.height, network.width, 3]);
  const colours = graph.input('colours', 'float32', [batch, 3, 4]);
  const arrays = Object.fromEntries(
    slots.map(({ name, dtype, shape }) => [name, graph.input(name, dtype, [batch, ...shape])]),
  );
  const scale = graph.input('scale', 'float32', [1]);
  const buffers = graph.input('buffers', 'float32', [layout.bufferSize]);

  const decay = new Float32Array(layout.size);
  const rate = new Float32Array(layout.size).fill(1);
  for (const spec of layout.parameters) {
    const end = spec.offset + sizeOf(spec.shape);
    if (spec.decay) decay.fill(1, spec.offset, end);
    if (spec.rate !== undefined) rate.fill(spec.rate, spec.offset, end);
  }
  const rates = rate.some((factor) => factor !== 1) ? { rate } : {};
  const next = optimizer.apply(graph, state, gradients, { decay, ...rates }, hyper);

  const source = new FlatSource(graph, next.state.parameters!, buffers, layout);
  const context: BuildContext = { graph, source, training: true, statistics: new Map() };
  const images = coloured(graph, pictures, colours);
  const outputs = network.build(context, images) as Readonly<Record<string, Value>>;
  const { loss, parts, stops = [] } = recipe.loss(context, outputs, { ...arrays, images }, scale);
  const scalar = graph.node('Reshape', [loss, graph.ints([])]);
  const gradient = source.flatten(addGradients(graph, scalar, source.values, stops));

  for (const name of names) graph.output(next.state[name]!, `next.${name}`);
  graph.output(gradient, 'gradient');
  const flat = (value: Value) => graph.node('Reshape', [value, graph.ints([1])]);
  graph.output(graph.node('Concat', [flat(loss), ...Object.values(parts).map(flat)], { axis: 0 }), 'losses');
  // Of this batch's own gradient, before it is applied: where it overflows, the step that made it is still at hand.
  graph.output(graph.node('ReduceL2', [gradient], { axes: [0], keepdims: 1 }), 'gradientNorm');

  const measured = new Uint8Array(layout.bufferSize);
  const statistics = layout.buffers.map(({ name, shape, offset }) => {
    const value = context.statistics.get(name);
    if (value) measured.fill(1, offset, offset + sizeOf(shape));
    return value ?? graph.constant({ dtype: 'float32', shape: [sizeOf(shape)], data: new Float32Array(sizeOf(shape)) });
  });
  if (statistics.length > 0) graph.output(graph.node('Concat', statistics, { axis: 0 }), 'statistics');

  const built = graph.build();
  const trace = built.nodes.flatMap(({ opType, outputs: written }) =>
    written.flatMap((name) => {
      const value = graph.values.get(name);
      return value?.dtype === 'float32' ? [{ name, opType, elements: sizeOf(value.shape) }] : [];
    }),
  );
  return { graph: built, parts: Object.keys(parts), measured, trace };
}

/** The vectors an optimizer goes on from. */
export function stateNamesOf(optimizer: Optimizer): readonly string[] {
  return ['parameters', 'average', ...optimizer.slots];
}
