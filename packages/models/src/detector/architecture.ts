import { type BuildContext, conv, convUnit, normalInit, residualBlock, upsample } from '@fovea/nn';
import type { Value } from '@fovea/onnx';

/** Size of the network: channels of the stem, of the three stages, and of the pyramid with its head. */
export interface DetectorSize {
  readonly stem: number;
  readonly stages: readonly [number, number, number];
  readonly blocks: readonly [number, number, number];
  readonly pyramid: number;
}

/** The default: about 1.3 million parameters. */
export const smallDetector: DetectorSize = { stem: 32, stages: [64, 128, 192], blocks: [1, 1, 1], pyramid: 64 };

/** Pixels between neighbouring positions of each level, finest first. */
export const detectorStrides: readonly number[] = [8, 16, 32];

/** What the network says of each of the P positions of all levels, finest level first, row by row. */
export interface DetectorOutputs {
  /** [N, classes, P], before the sigmoid. */
  readonly logits: Value;
  /** [N, 4, P]: how far left, top, right and bottom of the position the box reaches, in pixels. */
  readonly distances: Value;
}

/**
 * A one-stage, anchor-free detector: a residual backbone (He et al. 2016), a top-down pyramid (Lin et al. 2017,
 * arXiv:1612.03144) over strides 8, 16 and 32, and one head shared by the levels (Tian et al. 2019, arXiv:1904.01355).
 *
 * The stem folds 2x2 pixels into channels first, so that no convolution runs at full resolution.
 *
 * @param images [N, 3, H, W], RGB, 0-255; H and W multiples of 32.
 */
export function detector(context: BuildContext, images: Value, classes: number, size: DetectorSize): DetectorOutputs {
  const { graph } = context;
  const centred = graph.node('Mul', [graph.node('Sub', [images, graph.scalar(114)]), graph.scalar(1 / 64)]);
  const folded = graph.node('SpaceToDepth', [centred], { blocksize: 2 });
  let x = convUnit(context, 'stem', folded, size.stem, { stride: 2 });
  x = residualBlock(context, 'stem.block', x);
  const maps = size.stages.map((channels, stage) => {
    x = convUnit(context, `stage${stage}.down`, x, channels, { stride: 2 });
    for (let block = 0; block < size.blocks[stage]!; block++)
      x = residualBlock(context, `stage${stage}.block${block}`, x);
    return x;
  });

  return detectionHead(context, maps, classes, size.pyramid, detectorStrides);
}

/**
 * A top-down pyramid over maps, finest first and each half the size of the one before, and one head on all its levels.
 *
 * @param channels of the pyramid and the head.
 */
export function detectionHead(
  context: BuildContext,
  maps: readonly Value[],
  classes: number,
  channels: number,
  strides: readonly number[],
): DetectorOutputs {
  const { graph } = context;
  const lateral = maps.map((map, level) => convUnit(context, `pyramid${level}.lateral`, map, channels, { kernel: 1 }));
  const pyramid: Value[] = [];
  for (let level = maps.length - 1; level >= 0; level--) {
    const above = pyramid[0];
    const joined = above ? graph.node('Add', [lateral[level]!, upsample(context, above)]) : lateral[level]!;
    pyramid.unshift(convUnit(context, `pyramid${level}.smooth`, joined, channels));
  }

  const logits: Value[] = [];
  const distances: Value[] = [];
  const shared = sharedHead(context, channels, classes);
  pyramid.forEach((map, level) => {
    const { score, reach } = shared(map, level);
    const positions = map.shape[2]! * map.shape[3]!;
    logits.push(graph.node('Reshape', [score, graph.ints([0, classes, positions])]));
    const bounded = graph.node('Clip', [reach, graph.scalar(-6), graph.scalar(5)]);
    const pixels = graph.node('Mul', [graph.node('Exp', [bounded]), graph.scalar(strides[level]!)]);
    distances.push(graph.node('Reshape', [pixels, graph.ints([0, 4, positions])]));
  });
  return {
    logits: graph.node('Concat', logits, { axis: 2 }),
    distances: graph.node('Concat', distances, { axis: 2 }),
  };
}

/** The head's convolutions, whose weights all levels share; normalization is each level's own, as are its statistics. */
function sharedHead({ graph, source, training, statistics }: BuildContext, channels: number, classes: number) {
  const weights = new Map<string, Value>();
  const sharing = (level: number): BuildContext => ({
    graph,
    training,
    statistics,
    source: {
      parameter(name, shape, init, decay, rate) {
        if (name.includes('.norm')) return source.parameter(`${name}.level${level}`, shape, init, decay, rate);
        const known = weights.get(name) ?? source.parameter(name, shape, init, decay, rate);
        weights.set(name, known);
        return known;
      },
      buffer: (name, shape, init) => source.buffer(`${name}.level${level}`, shape, init),
    },
  });
  return (map: Value, level: number) => {
    const context = sharing(level);
    // Statistics are recorded under the layer's name; this gives them the level's.
    const own: BuildContext = { ...context, statistics: new Map() };
    const scoreTower = convUnit(own, 'head.score', map, channels);
    const reachTower = convUnit(own, 'head.reach', map, channels);
    for (const [name, value] of own.statistics) statistics.set(`${name}.level${level}`, value);
    const init = normalInit(0.01);
    return {
      // The prior of 1 % keeps the many background positions from swamping the first steps (Lin et al. 2017).
      score: conv(own, 'head.score.out', scoreTower, classes, { kernel: 1, bias: -Math.log(99), init }),
      reach: conv(own, 'head.reach.out', reachTower, 4, { kernel: 1, bias: Math.log(3), init }),
    };
  };
}

/** Centres of all positions in pixels and their strides: x [P], y [P], stride [P], finest level first, row by row. */
export interface Positions {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly stride: Float32Array;
}

/** The positions of a `width` x `height` input whose levels lie `strides` pixels apart. */
export function detectorPositions(
  width: number,
  height: number,
  strides: readonly number[] = detectorStrides,
): Positions {
  const x: number[] = [];
  const y: number[] = [];
  const steps: number[] = [];
  for (const stride of strides)
    for (let row = 0; row < height / stride; row++)
      for (let column = 0; column < width / stride; column++) {
        x.push((column + 0.5) * stride);
        y.push((row + 0.5) * stride);
        steps.push(stride);
      }
  return { x: Float32Array.from(x), y: Float32Array.from(y), stride: Float32Array.from(steps) };
}

/** Boxes [N, 4, P], xyxy in pixels, from the distances at each position. */
export function decodeBoxes(
  { graph }: Pick<BuildContext, 'graph'>,
  distances: Value,
  width: number,
  height: number,
  strides: readonly number[] = detectorStrides,
): Value {
  const { x, y } = detectorPositions(width, height, strides);
  const positions = x.length;
  const corner = graph.constant({
    dtype: 'float32',
    shape: [1, 4, positions],
    data: Float32Array.of(...x, ...y, ...x, ...y),
  });
  const signs = graph.constant({ dtype: 'float32', shape: [1, 4, 1], data: Float32Array.of(-1, -1, 1, 1) });
  return graph.node('Add', [corner, graph.node('Mul', [distances, signs])]);
}
