import { type BuildContext, type ParameterLayout, RecordingSource } from '@fovea/nn';
import { GraphBuilder, type Value } from '@fovea/onnx';
import { detectorPositions, type Positions } from './detector/architecture.js';
import type { NetworkStructure } from './structure.js';

/** What a network is for. */
export type Task = 'classification' | 'detection' | 'segmentation' | 'embedding';

/** All tasks, by name. */
export const tasks: readonly Task[] = ['classification', 'detection', 'segmentation', 'embedding'];

interface NetworkOf<T extends Task, Outputs> {
  readonly task: T;
  /** Size of the input in pixels. */
  readonly width: number;
  readonly height: number;
  /** What the network is, in a sentence for the model's card: where its weights come from and which stay as they are. */
  readonly description: string;
  /** What it was built from, for its exported file. */
  readonly structure: NetworkStructure;
  /** Called once per graph, with images float32 [N, 3, H, W], RGB, 0-255; normalization is the network's own. */
  build(context: BuildContext, images: Value): Outputs;
}

/** Which class a whole picture is of: `logits` [N, classes], before the softmax. */
export interface ClassificationNetwork extends NetworkOf<'classification', { readonly logits: Value }> {
  readonly classes: number;
}

/**
 * Boxes at the P positions of {@link positionsOf}: `logits` [N, classes, P], before the sigmoid, and `distances`
 * [N, 4, P], how far left, top, right and bottom of its position each box reaches, in pixels.
 */
export interface DetectionNetwork
  extends NetworkOf<'detection', { readonly logits: Value; readonly distances: Value }> {
  readonly classes: number;
  /** Pixels between neighbouring positions of each level, finest first. */
  readonly strides: readonly number[];
}

/** A class per pixel: `logits` [N, classes, H / outputStride, W / outputStride], see {@link upsampleLogits}. */
export interface SegmentationNetwork extends NetworkOf<'segmentation', { readonly logits: Value }> {
  readonly classes: number;
  readonly outputStride: number;
  /**
   * Which pixel the cell (i, j) of the output stands for: `half_pixel` the middle of its square, `asymmetric` the pixel
   * (i, j) * outputStride, `align_corners` so that the first and last cells lie on the first and last pixels.
   */
  readonly alignment: 'half_pixel' | 'asymmetric' | 'align_corners';
}

/** What a picture is like: `embedding` [N, dimensions], not normalized; near means alike, by the cosine. */
export interface EmbeddingNetwork
  extends NetworkOf<'embedding', { readonly embedding: Value; readonly classWeights?: Value }> {
  readonly dimensions: number;
  /**
   * Classes it learns to tell apart, 0 for losses on pairs alone. With more than one, `build` also gives
   * `classWeights` [classes, dimensions], the directions of CosFace and ArcFace, which are trained and not exported.
   */
  readonly classes: number;
}

/** A network: a function from images to named outputs, whatever its weights come from. */
export type Network = ClassificationNetwork | DetectionNetwork | SegmentationNetwork | EmbeddingNetwork;

/** The parameters and buffers a network asks for, in order: the same for every input size. */
export function networkLayout(network: Network): ParameterLayout {
  const graph = new GraphBuilder('layout');
  const source = new RecordingSource(graph);
  const images = graph.input('images', 'float32', [1, 3, network.height, network.width]);
  network.build({ graph, source, training: false, statistics: new Map() }, images);
  return source.layout;
}

/** Where a detection network's positions lie. */
export function positionsOf({ width, height, strides }: DetectionNetwork): Positions {
  return detectorPositions(width, height, strides);
}

/** Segmentation logits at the size of the input, [N, classes, H, W], by linear interpolation. */
export function upsampleLogits(
  context: Pick<BuildContext, 'graph'>,
  { width, height, alignment }: SegmentationNetwork,
  logits: Value,
): Value {
  return resizeTo(context, logits, width, height, alignment);
}

/** A map [N, C, h, w] as [N, C, height, width], by linear interpolation between cells that lie as `alignment` says. */
export function resizeTo(
  { graph }: Pick<BuildContext, 'graph'>,
  map: Value,
  width: number,
  height: number,
  alignment: SegmentationNetwork['alignment'],
): Value {
  const [, , rows, columns] = map.shape as [number, number, number, number];
  if (rows === height && columns === width) return map;
  // Factors and not sizes, so that the batch may be of any length.
  const factors = Float32Array.of(1, 1, factorTo(rows, height), factorTo(columns, width));
  return graph.node('Resize', [map, null, graph.constant({ dtype: 'float32', shape: [4], data: factors }, 'factors')], {
    mode: 'linear',
    coordinate_transformation_mode: alignment,
  });
}

/** A float32 by which `from` cells become `to`: operators take the integer part of the product, in single or double. */
export function factorTo(from: number, to: number): number {
  const factor = Math.fround(to / from);
  const product = from * factor;
  return Math.floor(product) === to && Math.floor(Math.fround(product)) === to
    ? factor
    : Math.fround((to + 1e-3) / from);
}
