import { type BuildContext, conv, convUnit, normalInit, upsample } from '@fovea/nn';
import type { Value } from '@fovea/onnx';
import type { SegmentationNetwork } from '../network.js';
import { type BackboneSize, backbone, strideOf } from './backbone.js';
import { requireMultiple } from './input-size.js';

/** What fixes a segmenter's graphs: width and height are multiples of 32. */
export interface SegmenterConfig {
  readonly classes: number;
  readonly width: number;
  readonly height: number;
  readonly size?: SegmenterSize;
}

/** Size of a segmenter: its backbone, and the channels of its decoder. */
export interface SegmenterSize {
  readonly backbone: BackboneSize;
  readonly decoder: number;
}

/** The default: about 4 million parameters, 3.3 GFLOP forward at 320x256. */
export const smallSegmenter: SegmenterSize = {
  backbone: {
    stem: 32,
    stride: 4,
    stages: [
      { channels: 32, blocks: 1 },
      { channels: 96, blocks: 2 },
      { channels: 192, blocks: 2 },
      { channels: 256, blocks: 1 },
    ],
  },
  decoder: 64,
};

/**
 * A segmenter that is trained from scratch: a residual backbone to stride 32, the whole picture's mean added to its last
 * map (Liu et al. 2015, ParseNet, arXiv:1506.04579), a top-down path to stride 4 (Lin et al. 2017, arXiv:1612.03144) and
 * one head on its finest map.
 */
export function segmenterNetwork(config: SegmenterConfig): SegmentationNetwork {
  const { classes, width, height, size = smallSegmenter } = config;
  requireMultiple(width, height, strideOf(size.backbone));
  return {
    task: 'segmentation',
    classes,
    width,
    height,
    outputStride: size.backbone.stride,
    alignment: 'half_pixel',
    description: 'Residual encoder with a top-down decoder, trained from scratch.',
    structure: { architecture: 'segmenter', size },
    build(context, images) {
      const maps = backbone(context, images, size.backbone);
      let x = withContext(context, 'context', maps.pop()!, 2 * size.decoder);
      while (maps.length > 0) {
        const level = maps.length - 1;
        const above = upsample(context, convUnit(context, `decoder${level}.reduce`, x, size.decoder, { kernel: 1 }));
        const beside = convUnit(context, `decoder${level}.lateral`, maps.pop()!, size.decoder, { kernel: 1 });
        x = convUnit(context, `decoder${level}.smooth`, context.graph.node('Add', [above, beside]), size.decoder);
      }
      x = convUnit(context, 'head', x, size.decoder);
      return { logits: conv(context, 'classes', x, classes, { kernel: 1, bias: 0, init: normalInit(0.01) }) };
    },
  };
}

/** A map reduced to `channels`, with the mean over the picture added; that branch is too small for batch statistics. */
function withContext(context: BuildContext, name: string, x: Value, channels: number): Value {
  const { graph } = context;
  const mean = graph.node('GlobalAveragePool', [x]);
  const global = conv(context, `${name}.global`, mean, channels, { kernel: 1, bias: 0 });
  const local = convUnit(context, `${name}.local`, x, channels);
  return graph.node('Relu', [graph.node('Add', [local, global])]);
}
