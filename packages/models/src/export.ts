import { letterboxFill } from '@fovea/image';
import { type BuildContext, ConstantSource, FlatSource, type ParameterLayout, softmax } from '@fovea/nn';
import { encodeModel, type Graph, GraphBuilder, modelOf, OnnxError, type Value } from '@fovea/onnx';
import { decodeBoxes } from './detector/architecture.js';
import { type Network, type SegmentationNetwork, type Task, upsampleLogits } from './network.js';
import { encodeSpec, type ModelSpec, type Placement } from './spec.js';
import { encodeStructure } from './structure.js';

/** How pictures are placed in the input of each task's networks. */
export const placements: Readonly<Record<Task, Placement>> = {
  classification: 'cover-centre',
  detection: 'letterbox-top-left',
  segmentation: 'letterbox-top-left',
  embedding: 'stretch',
};

/** uint8 [N, H, W], the likeliest class of each pixel, and the classes' probabilities [N, classes, H, W]. */
function pixelClasses({ graph }: BuildContext, network: SegmentationNetwork, logits: Value) {
  if (network.classes > 255)
    throw new OnnxError(
      'too_many_classes',
      `A label map holds one byte per pixel, which tells at most 255 classes apart, not ${network.classes}.`,
    );
  const full = upsampleLogits({ graph }, network, logits);
  const labels = graph.node('Cast', [graph.node('ArgMax', [full], { axis: 1, keepdims: 0 })], { to: 2 });
  return { labels, probabilities: softmax(graph, full) };
}

/** The outputs a model is measured and served by, by name, from those its network is trained by. */
function servedOutputs(context: BuildContext, network: Network, images: Value): Record<string, Value> {
  const { graph } = context;
  switch (network.task) {
    case 'classification':
      return { probabilities: softmax(graph, network.build(context, images).logits) };
    case 'detection': {
      const { logits, distances } = network.build(context, images);
      const turn = (value: Value) => graph.node('Transpose', [value], { perm: [0, 2, 1] });
      const { width, height, strides } = network;
      const boxes = turn(decodeBoxes(context, distances, width, height, strides));
      return { boxes, scores: turn(graph.node('Sigmoid', [logits])) };
    }
    case 'segmentation':
      return pixelClasses(context, network, network.build(context, images).logits);
    case 'embedding': {
      const { embedding } = network.build(context, images);
      const length = graph.node('ReduceL2', [embedding], { axes: [1], keepdims: 1 });
      return { embedding: graph.node('Div', [embedding, graph.node('Max', [length, graph.scalar(1e-12)])]) };
    }
  }
}

function addOutputs(context: BuildContext, network: Network, images: Value, batch: number | string): void {
  for (const [name, value] of Object.entries(servedOutputs(context, network, images)))
    context.graph.output(value, name, [batch, ...value.shape.slice(1)]);
}

/**
 * The forward graph with its weights still flat inputs, to measure a model in training without loading a new session:
 * inputs `parameters` [S], `buffers` [B], `pictures` uint8 [N, H, W, 3]; outputs as the exported model's.
 */
export function evalGraph(network: Network, layout: ParameterLayout, batch: number): Graph {
  const graph = new GraphBuilder('evaluation');
  const flat = graph.input('parameters', 'float32', [layout.size]);
  const buffers = graph.input('buffers', 'float32', [layout.bufferSize]);
  const pictures = graph.input('pictures', 'uint8', [batch, network.height, network.width, 3]);
  const images = graph.node('Transpose', [graph.node('Cast', [pictures], { to: 1 })], { perm: [0, 3, 1, 2] });
  const source = new FlatSource(graph, flat, buffers, layout);
  addOutputs({ graph, source, training: false, statistics: new Map() }, network, images, batch);
  return graph.build();
}

/** What goes into an exported model besides its weights. */
export interface ExportExtras {
  /** What it reached when it was measured. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** Instead of the network's own description. */
  readonly description?: string;
}

/** How the exported file says it is to be used. */
export function specOf(network: Network, classNames: readonly string[], extras: ExportExtras = {}): ModelSpec {
  const base = {
    classNames,
    input: {
      name: 'images',
      width: network.width,
      height: network.height,
      layout: 'NCHW' as const,
      colours: 'RGB' as const,
      range: [0, 255] as const,
      resize: placements[network.task],
      fill: letterboxFill,
    },
    description: extras.description ?? network.description,
    ...(extras.metrics ? { metrics: extras.metrics } : {}),
  };
  switch (network.task) {
    case 'classification':
      return { ...base, task: network.task, output: { probabilities: 'probabilities' }, postprocessing: { topK: 5 } };
    case 'detection':
      return {
        ...base,
        task: network.task,
        output: { boxes: 'boxes', scores: 'scores' },
        postprocessing: { nms: 'per-class', iouThreshold: 0.6, confidence: 0.25, maxDetections: 100 },
      };
    case 'segmentation':
      return {
        ...base,
        task: network.task,
        output: { labels: 'labels', probabilities: 'probabilities' },
        postprocessing: {},
      };
    case 'embedding':
      return {
        ...base,
        task: network.task,
        output: { embedding: 'embedding' },
        dimensions: network.dimensions,
        postprocessing: { metric: 'cosine' },
      };
  }
}

/**
 * A trained network as one plain ONNX file: input `images` float32 ['batch', 3, H, W], RGB 0-255; standard operators
 * only; its {@link ModelSpec} in the metadata. Outputs, by task: `probabilities` [N, C]; `boxes` [N, P, 4] and `scores`
 * [N, P, C]; `labels` uint8 [N, H, W] and `probabilities` [N, C, H, W]; `embedding` [N, D] of length 1.
 *
 * @param weights flat, in the order of `layout`; `buffers` likewise.
 */
export function exportNetwork(
  network: Network,
  layout: ParameterLayout,
  weights: Float32Array,
  buffers: Float32Array,
  classNames: readonly string[],
  extras: ExportExtras = {},
): Uint8Array<ArrayBuffer> {
  const graph = new GraphBuilder(network.task);
  const shape = [3, network.height, network.width];
  const images = graph.input('images', 'float32', [1, ...shape]);
  const source = new ConstantSource(graph, weights, buffers, layout);
  addOutputs({ graph, source, training: false, statistics: new Map() }, network, images, 'batch');
  const inputs = [{ name: 'images', dtype: 'float32' as const, shape: ['batch', ...shape] }];
  const built = { ...graph.build(), inputs };
  const metadata = { ...encodeSpec(specOf(network, classNames, extras)), ...encodeStructure(network.structure) };
  return encodeModel(modelOf(built, metadata));
}
