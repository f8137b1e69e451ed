import { type BuildContext, batchNorm, constantInit, conv, convUnit, normalInit, upsample } from '@fovea/nn';
import type { Value } from '@fovea/onnx';
import { type DetectorOutputs, detectionHead } from '../detector/architecture.js';
import { resizeTo, type SegmentationNetwork } from '../network.js';

/** A new head, by the features it stands on. */
export type HeadPlan =
  /** One linear layer on one vector, or on the mean of one map. */
  | { readonly kind: 'linear' }
  /** An embedding of one vector or the mean of one map: batch normalization, after a projection where `project` says so. */
  | { readonly kind: 'embedding'; readonly dimensions: number; readonly project: boolean }
  /** Classes of the cells of one map; as to `alignment`, see the network, which takes corners where they fit. */
  | { readonly kind: 'pixels'; readonly alignment: 'half_pixel' | 'asymmetric' }
  /** Classes of the cells of the first map, refined at the resolution of the second by it and the others. */
  | { readonly kind: 'refined'; readonly channels: number; readonly alignment: 'half_pixel' | 'asymmetric' }
  /** A top-down decoder over maps, finest first. */
  | { readonly kind: 'decoder'; readonly channels: number }
  /** YOLOX: features for class and box of each level, alternating; with or without its objectness. */
  | { readonly kind: 'yolox'; readonly strides: readonly number[]; readonly objectness: boolean }
  /** A pyramid with the detector's own head over maps, finest first. */
  | { readonly kind: 'pyramid'; readonly strides: readonly number[]; readonly channels: number };

const fresh = normalInit(0.01);

/** A vector per picture as [N, C, 1, 1]: a map is averaged. */
function pooled({ graph }: BuildContext, features: Value): Value {
  if (features.shape.length === 4) {
    const single = features.shape[2] === 1 && features.shape[3] === 1;
    return single ? features : graph.node('GlobalAveragePool', [features]);
  }
  return graph.node('Reshape', [features, graph.ints([-1, features.shape[1]!, 1, 1])]);
}

/** Class scores [N, classes] from one vector or map of features. */
export function linearHead(context: BuildContext, features: Value, classes: number): Value {
  const scores = conv(context, 'classes', pooled(context, features), classes, { kernel: 1, bias: 0, init: fresh });
  return context.graph.node('Reshape', [scores, context.graph.ints([-1, classes])]);
}

/** An embedding [N, dimensions] with its batch normalization (Luo et al. 2019, arXiv:1903.07071). */
export function embeddingHead(context: BuildContext, features: Value, dimensions: number, project: boolean): Value {
  const { graph } = context;
  let x = pooled(context, features);
  if (project) x = conv(context, 'projection', x, dimensions, { kernel: 1 });
  return graph.node('Reshape', [batchNorm(context, 'norm', x), graph.ints([-1, dimensions])]);
}

/** Class scores of each cell of a map. */
export function pixelHead(context: BuildContext, map: Value, classes: number): Value {
  return conv(context, 'classes', map, classes, { kernel: 1, bias: 0, init: fresh });
}

/**
 * Class scores of a coarse map at the resolution of the finest of `finer`, plus a correction that starts at zero and is
 * made of them all (after Chen et al. 2018, DeepLabv3+, arXiv:1802.02611): what the coarse scores know is there from the
 * first step on.
 *
 * @param finer maps, finest first.
 */
export function refinedHead(
  context: BuildContext,
  coarse: Value,
  finer: readonly Value[],
  classes: number,
  channels: number,
  alignment: SegmentationNetwork['alignment'],
): Value {
  const { graph } = context;
  const [, , height, width] = finer[0]!.shape as [number, number, number, number];
  const enlarged = (map: Value) => resizeTo(context, map, width, height, alignment);
  const scores = enlarged(pixelHead(context, coarse, classes));
  const parts = [...finer, coarse].map((map, level) =>
    enlarged(convUnit(context, `refine${level}`, map, channels, { kernel: 1 })),
  );
  const joined = parts.reduce((sum, part) => graph.node('Add', [sum, part]));
  const smooth = convUnit(context, 'refine.second', convUnit(context, 'refine.first', joined, channels), channels);
  const correction = conv(context, 'refine.classes', smooth, classes, { kernel: 1, bias: 0, init: constantInit(0) });
  return graph.node('Add', [scores, correction]);
}

/** Class scores at the finest of several maps, each half the size of the one before. */
export function decoderHead(context: BuildContext, maps: readonly Value[], classes: number, channels: number): Value {
  const { graph } = context;
  let x: Value | undefined;
  for (let level = maps.length - 1; level >= 0; level--) {
    const lateral = convUnit(context, `level${level}.lateral`, maps[level]!, channels, { kernel: 1 });
    const joined: Value = x ? graph.node('Add', [lateral, upsample(context, x)]) : lateral;
    x = convUnit(context, `level${level}.smooth`, joined, channels);
  }
  return pixelHead(context, x!, classes);
}

/** A pyramid over maps and the detector's own head. */
export function pyramidHead(
  context: BuildContext,
  maps: readonly Value[],
  classes: number,
  strides: readonly number[],
  channels: number,
): DetectorOutputs {
  return detectionHead(context, maps, classes, channels, strides);
}

/**
 * YOLOX's last layers (Ge et al. 2021, arXiv:2107.08430) with other classes. Its box (tx, ty, tw, th) at a cell's corner
 * becomes distances from the cell's centre, and its two scores one logit: where p = sigmoid(o) sigmoid(c), the logit of p
 * is o + c - log(1 + e^o + e^c).
 */
export function yoloxHead(
  context: BuildContext,
  features: readonly Value[],
  classes: number,
  plan: HeadPlan & { kind: 'yolox' },
): DetectorOutputs {
  const { graph } = context;
  const logits: Value[] = [];
  const distances: Value[] = [];
  plan.strides.forEach((stride, level) => {
    const [classFeatures, boxFeatures] = [features[2 * level]!, features[2 * level + 1]!];
    const cells = classFeatures.shape[2]! * classFeatures.shape[3]!;
    const flat = (map: Value, channels: number) => graph.node('Reshape', [map, graph.ints([-1, channels, cells])]);
    const layer = (name: string, x: Value, channels: number, bias: number) =>
      flat(conv(context, `level${level}.${name}`, x, channels, { kernel: 1, bias, init: fresh }), channels);
    // Of ten cells that hold something one is of a class that is new; without objectness one cell in a hundred.
    const score = layer('class', classFeatures, classes, -Math.log(plan.objectness ? 9 : 99));
    logits.push(plan.objectness ? bothLogit(context, layer('object', boxFeatures, 1, 0), score) : score);

    const box = layer('box', boxFeatures, 4, 0);
    const [shift, extent] = graph.nodesOf('Split', [box, graph.ints([2, 2])], { axis: 1 }, 2) as [Value, Value];
    const bounded = graph.node('Clip', [extent, graph.scalar(-6), graph.scalar(5)]);
    const half = graph.node('Mul', [graph.node('Exp', [bounded]), graph.scalar(stride / 2)]);
    const offset = graph.node('Mul', [graph.node('Sub', [graph.scalar(0.5), shift]), graph.scalar(stride)]);
    distances.push(
      graph.node('Concat', [graph.node('Add', [half, offset]), graph.node('Sub', [half, offset])], { axis: 1 }),
    );
  });
  return {
    logits: graph.node('Concat', logits, { axis: 2 }),
    distances: graph.node('Concat', distances, { axis: 2 }),
  };
}

/** The logit of sigmoid(object) * sigmoid(score), in a form that does not overflow. */
function bothLogit({ graph }: BuildContext, object: Value, score: Value): Value {
  const softObject = graph.node('Softplus', [object]);
  const rest = graph.node('Softplus', [graph.node('Sub', [score, softObject])]);
  return graph.node('Sub', [graph.node('Add', [score, graph.node('Sub', [object, softObject])]), rest]);
}
