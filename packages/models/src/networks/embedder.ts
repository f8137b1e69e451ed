import { batchNorm, conv, normalInit } from '@fovea/nn';
import type { EmbeddingNetwork } from '../network.js';
import { type BackboneSize, backbone, strideOf } from './backbone.js';
import { smallBackbone } from './classifier.js';
import { requireMultiple } from './input-size.js';

/** What fixes an embedder's graphs. */
export interface EmbedderConfig {
  /** Classes (identities) of the training pictures for CosFace and ArcFace; 0 for losses on pairs and triplets. */
  readonly classes: number;
  readonly width: number;
  readonly height: number;
  /** Length of the embedding, 128 by default. */
  readonly dimensions?: number;
  readonly size?: BackboneSize;
}

/**
 * A residual network that is trained from scratch to embed pictures: backbone, mean over the picture, a linear layer
 * and batch normalization of the embedding (Luo et al. 2019, arXiv:1903.07071).
 */
export function embedderNetwork(config: EmbedderConfig): EmbeddingNetwork {
  const { classes, width, height, dimensions = 128, size = smallBackbone(width, height) } = config;
  requireMultiple(width, height, strideOf(size));
  return {
    task: 'embedding',
    classes,
    dimensions,
    width,
    height,
    description: 'Residual embedder, trained from scratch.',
    structure: { architecture: 'embedder', size, dimensions },
    build(context, images) {
      const { graph, source } = context;
      const pooled = graph.node('GlobalAveragePool', [backbone(context, images, size).at(-1)!]);
      const projected = batchNorm(
        context,
        'embedding.norm',
        conv(context, 'embedding', pooled, dimensions, { kernel: 1 }),
      );
      const embedding = graph.node('Reshape', [projected, graph.ints([0, dimensions])]);
      if (classes === 0) return { embedding };
      return { embedding, classWeights: source.parameter('classes.weight', [classes, dimensions], normalInit(0.1)) };
    },
  };
}
