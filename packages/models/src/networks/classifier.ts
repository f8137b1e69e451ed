import { conv, normalInit } from '@fovea/nn';
import type { ClassificationNetwork } from '../network.js';
import { type BackboneSize, backbone, strideOf } from './backbone.js';
import { requireMultiple } from './input-size.js';

/** What fixes a classifier's graphs. */
export interface ClassifierConfig {
  readonly classes: number;
  /** Multiples of 32, for inputs of less than 112 pixels of 16. */
  readonly width: number;
  readonly height: number;
  readonly size?: BackboneSize;
}

/** The default backbone for pictures of this size, of about 2.7 million parameters: small ones are not shrunk as soon. */
export function smallBackbone(width: number, height: number): BackboneSize {
  return {
    stem: 48,
    stride: Math.min(width, height) < 112 ? 2 : 4,
    stages: [48, 96, 192, 256].map((channels) => ({ channels, blocks: 1 })),
  };
}

/** A residual network that is trained from scratch: backbone, mean over the picture, one linear layer. */
export function classifierNetwork(config: ClassifierConfig): ClassificationNetwork {
  const { classes, width, height, size = smallBackbone(width, height) } = config;
  requireMultiple(width, height, strideOf(size));
  return {
    task: 'classification',
    classes,
    width,
    height,
    description: 'Residual classifier, trained from scratch.',
    structure: { architecture: 'classifier', size },
    build(context, images) {
      const { graph } = context;
      const pooled = graph.node('GlobalAveragePool', [backbone(context, images, size).at(-1)!]);
      const scores = conv(context, 'classes', pooled, classes, { kernel: 1, bias: 0, init: normalInit(0.01) });
      return { logits: graph.node('Reshape', [scores, graph.ints([0, classes])]) };
    },
  };
}
