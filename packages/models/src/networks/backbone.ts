import { type BuildContext, convUnit, residualBlock } from '@fovea/nn';
import type { Value } from '@fovea/onnx';

/** Means and standard deviations of the colours of natural pictures, 0-255 (those of ImageNet). */
const mean = [123.675, 116.28, 103.53];
const deviation = [58.395, 57.12, 57.375];

/** Images [N, 3, H, W], RGB 0-255, with each colour centred and scaled. */
export function standardize({ graph }: BuildContext, images: Value): Value {
  const perColour = (values: readonly number[]) =>
    graph.constant({ dtype: 'float32', shape: [1, 3, 1, 1], data: Float32Array.from(values) });
  const centred = graph.node('Sub', [images, perColour(mean)]);
  return graph.node('Mul', [centred, perColour(deviation.map((value) => 1 / value))]);
}

/** Size of a backbone: channels of its stem, and of each stage with its number of residual blocks. */
export interface BackboneSize {
  readonly stem: number;
  readonly stages: readonly { readonly channels: number; readonly blocks: number }[];
  /** Pixels between neighbouring cells of the first stage: 2 or 4. Each later stage has half the resolution. */
  readonly stride: 2 | 4;
}

/**
 * A residual backbone (He et al. 2016, arXiv:1512.03385) whose stem folds 2x2 pixels into channels, so that no
 * convolution runs at full resolution.
 *
 * @param images [N, 3, H, W], RGB, 0-255; H and W multiples of the last stage's stride.
 * @returns one map per stage, finest first.
 */
export function backbone(context: BuildContext, images: Value, size: BackboneSize): Value[] {
  const folded = context.graph.node('SpaceToDepth', [standardize(context, images)], { blocksize: 2 });
  let x = convUnit(context, 'stem', folded, size.stem, { stride: size.stride / 2 });
  return size.stages.map(({ channels, blocks }, stage) => {
    if (stage > 0 || channels !== size.stem)
      x = convUnit(context, `stage${stage}.down`, x, channels, { stride: stage > 0 ? 2 : 1 });
    for (let block = 0; block < blocks; block++) x = residualBlock(context, `stage${stage}.block${block}`, x);
    return x;
  });
}

/** The multiple that both sides of an input must be of. */
export function strideOf({ stride, stages }: BackboneSize): number {
  return stride * 2 ** (stages.length - 1);
}
