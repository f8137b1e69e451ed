import { letterboxFill } from '@fovea/image';
import { type BuildContext, ConstantSource, FlatSource, type ParameterLayout } from '@fovea/nn';
import { encodeModel, type Graph, GraphBuilder, modelOf, type Value } from '@fovea/onnx';
import { decodeBoxes, detector } from './architecture.js';
import type { DetectorConfig } from './config.js';
import { encodeSpec, type ModelSpec } from './spec.js';

function addOutputs(context: BuildContext, images: Value, config: DetectorConfig, batch: number | string): void {
  const { graph } = context;
  const { logits, distances } = detector(context, images, config.classes, config.size);
  const turn = (value: Value) => graph.node('Transpose', [value], { perm: [0, 2, 1] });
  const boxes = turn(decodeBoxes(context, distances, config.width, config.height));
  const scores = turn(graph.node('Sigmoid', [logits]));
  graph.output(boxes, 'boxes', [batch, ...boxes.shape.slice(1)]);
  graph.output(scores, 'scores', [batch, ...scores.shape.slice(1)]);
}

/**
 * The forward graph with its weights still flat inputs, to measure a model in training without loading a new session:
 * inputs `parameters`, `buffers`, `pictures` uint8 [N, H, W, 3]; outputs `boxes` [N, P, 4], `scores` [N, P, classes].
 */
export function detectorEvalGraph(config: DetectorConfig, layout: ParameterLayout, batch: number): Graph {
  const graph = new GraphBuilder('evaluation');
  const flat = graph.input('parameters', 'float32', [layout.size]);
  const buffers = graph.input('buffers', 'float32', [layout.bufferSize]);
  const pictures = graph.input('pictures', 'uint8', [batch, config.height, config.width, 3]);
  const images = graph.node('Transpose', [graph.node('Cast', [pictures], { to: 1 })], { perm: [0, 3, 1, 2] });
  const source = new FlatSource(graph, flat, buffers, layout);
  addOutputs({ graph, source, training: false, statistics: new Map() }, images, config, batch);
  return graph.build();
}

/** How the exported file says it is to be used. */
export function detectorSpec(config: DetectorConfig, classNames: readonly string[]): ModelSpec {
  return {
    task: 'detection',
    classNames,
    input: {
      name: 'images',
      width: config.width,
      height: config.height,
      layout: 'NCHW',
      colours: 'RGB',
      range: [0, 255],
      resize: 'letterbox-top-left',
      fill: letterboxFill,
    },
    output: { boxes: 'boxes', scores: 'scores' },
    postprocessing: { nms: 'per-class', iouThreshold: 0.6, confidence: 0.25, maxDetections: 100 },
  };
}

/**
 * The trained detector as one plain ONNX file: input `images` float32 ['batch', 3, H, W], RGB 0-255; outputs `boxes` and
 * `scores`; standard operators only.
 */
export function exportDetector(
  config: DetectorConfig,
  layout: ParameterLayout,
  weights: Float32Array,
  buffers: Float32Array,
  classNames: readonly string[],
): Uint8Array {
  const graph = new GraphBuilder('detector');
  const images = graph.input('images', 'float32', [1, 3, config.height, config.width]);
  const source = new ConstantSource(graph, weights, buffers, layout);
  addOutputs({ graph, source, training: false, statistics: new Map() }, images, config, 'batch');
  const built = graph.build();
  const inputs = [{ name: 'images', dtype: 'float32' as const, shape: ['batch', 3, config.height, config.width] }];
  return encodeModel(modelOf({ ...built, inputs }, encodeSpec(detectorSpec(config, classNames))));
}
