import { addGradients } from '@fovea/autodiff';
import { type DetectorConfig, decodeBoxes, detector, detectorPositions } from '@fovea/models';
import { type BuildContext, boxOverlap, FlatSource, type ParameterLayout, qualityFocalLoss } from '@fovea/nn';
import { type Graph, GraphBuilder, sizeOf, type Value } from '@fovea/onnx';
import { type AdamWOptions, adamW } from '@fovea/optim';

/** Weight of the box loss against the class loss, as in Li et al. 2020. */
const boxWeight = 2;

/** Pictures as bytes [N, H, W, 3] with a colour change [N, 3, 4] each (see image/augment), as float [N, 3, H, W]. */
function coloured(graph: GraphBuilder, pictures: Value, colours: Value): Value {
  const [n, height, width] = pictures.shape as [number, number, number];
  const [matrix, offset] = graph.nodesOf('Split', [colours, graph.ints([3, 1])], { axis: 2 }, 2) as [Value, Value];
  const pixels = graph.node('Reshape', [graph.node('Cast', [pictures], { to: 1 }), graph.ints([n, height * width, 3])]);
  const changed = graph.node('FusedMatMul', [matrix, pixels], { transB: 1 }, 'com.microsoft');
  const shifted = graph.node('Clip', [graph.node('Add', [changed, offset]), graph.scalar(0), graph.scalar(255)]);
  return graph.node('Reshape', [shifted, graph.ints([n, 3, height, width])]);
}

/**
 * The training step as one graph: the optimizer applies the last step's gradients, then the forward pass and the
 * gradients of this batch follow at the new parameters.
 *
 * Inputs: `parameters`, `momentum`, `variance`, `average` [S]; `gradient0` … per worker [S]; `hyper` [4]; `pictures`
 * uint8 [N, H, W, 3]; `colours` [N, 3, 4]; `targetClasses` [N, C, P]; `targetBoxes` [N, 4, P]; `scale` [1], one over the
 * number of assigned positions. Outputs: the four state vectors under `next.…`, `gradient` [S], `statistics` (the
 * batch's, in the layout of the buffers), `losses` [2] (class, box) and `gradientNorm` [1].
 */
export function detectorStepGraph(
  config: DetectorConfig,
  layout: ParameterLayout,
  options: { readonly batch: number; readonly workers: number; readonly optimizer: AdamWOptions },
): Graph {
  const { classes, width, height, size } = config;
  const { batch, workers, optimizer } = options;
  const graph = new GraphBuilder('training-step');
  const vector = (name: string) => graph.input(name, 'float32', [layout.size]);
  const state = {
    parameters: vector('parameters'),
    momentum: vector('momentum'),
    variance: vector('variance'),
    average: vector('average'),
  };
  const gradients = Array.from({ length: workers }, (_, worker) => vector(`gradient${worker}`));
  const hyper = graph.input('hyper', 'float32', [4]);
  const positions = detectorPositions(width, height).x.length;
  const pictures = graph.input('pictures', 'uint8', [batch, height, width, 3]);
  const colours = graph.input('colours', 'float32', [batch, 3, 4]);
  const targetClasses = graph.input('targetClasses', 'float32', [batch, classes, positions]);
  const targetBoxes = graph.input('targetBoxes', 'float32', [batch, 4, positions]);
  const scale = graph.input('scale', 'float32', [1]);

  const decay = new Float32Array(layout.size);
  for (const spec of layout.parameters) if (spec.decay) decay.fill(1, spec.offset, spec.offset + sizeOf(spec.shape));
  const next = adamW(graph, state, gradients, decay, hyper, optimizer);

  const noBuffers = graph.constant({
    dtype: 'float32',
    shape: [layout.bufferSize],
    data: new Float32Array(layout.bufferSize),
  });
  const source = new FlatSource(graph, next.parameters, noBuffers, layout);
  const context: BuildContext = {
    graph,
    source,
    training: true,
    statistics: new Map(),
  };
  const { logits, distances } = detector(context, coloured(graph, pictures, colours), classes, size);
  const turn = (value: Value) => graph.node('Transpose', [value], { perm: [0, 2, 1] });
  const { iou, giou } = boxOverlap(graph, turn(decodeBoxes(context, distances, width, height)), turn(targetBoxes));
  const one = graph.scalar(1);
  const assigned = graph.node('ReduceMax', [targetClasses], { axes: [1], keepdims: 1 });
  const quality = graph.node('Mul', [targetClasses, turn(iou)]);
  const total = (value: Value) => graph.node('Mul', [graph.node('ReduceSum', [value], { keepdims: 0 }), scale]);
  const classLoss = total(qualityFocalLoss(graph, logits, quality));
  const boxLoss = total(graph.node('Mul', [graph.node('Sub', [one, turn(giou)]), assigned]));
  const loss = graph.node('Reshape', [
    graph.node('Add', [classLoss, graph.node('Mul', [boxLoss, graph.scalar(boxWeight)])]),
    graph.ints([]),
  ]);

  const gradient = source.flatten(addGradients(graph, loss, source.values, [quality]));
  graph.output(next.parameters, 'next.parameters');
  graph.output(next.momentum, 'next.momentum');
  graph.output(next.variance, 'next.variance');
  graph.output(next.average, 'next.average');
  graph.output(gradient, 'gradient');
  const statistics = layout.buffers.map(({ name }) => context.statistics.get(name)!);
  graph.output(graph.node('Concat', statistics, { axis: 0 }), 'statistics');
  graph.output(graph.node('Concat', [classLoss, boxLoss], { axis: 0 }), 'losses');
  graph.output(next.gradientNorm, 'gradientNorm');
  return graph.build();
}
