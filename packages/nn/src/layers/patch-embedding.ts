import type { Value } from '@fovea/onnx';
import { truncatedNormalInit } from '../initializers.js';
import type { BuildContext } from '../parameters.js';
import { conv } from './conv.js';

/**
 * Pictures as tokens (Dosovitskiy et al. 2021, arXiv:2010.11929, equation 1, without a class token: take the mean of the
 * tokens in its place, as Beyer et al. 2022, arXiv:2205.01580): each patch through a linear layer, plus a learned vector per
 * place.
 *
 * Parameters: `name.weight` [width, C, patch, patch], `name.bias` [width], `name.position` [1, T, width].
 *
 * @param images [N, C, H, W]; what is left of H and W after whole patches is not seen.
 * @returns [N, T, width], T = floor(H / patch) floor(W / patch), row by row.
 */
export function patchEmbedding(context: BuildContext, name: string, images: Value, width: number, patch = 16): Value {
  const { graph, source } = context;
  const init = truncatedNormalInit(Math.sqrt(1 / (images.shape[1]! * patch * patch)));
  const map = conv(context, name, images, width, { kernel: patch, stride: patch, padding: 0, bias: 0, init });
  const count = map.shape[2]! * map.shape[3]!;
  const columns = graph.node('Reshape', [map, graph.ints([0, width, count])]);
  const tokens = graph.node('Transpose', [columns], { perm: [0, 2, 1] });
  const position = source.parameter(`${name}.position`, [1, count, width], truncatedNormalInit(0.02), false);
  return graph.node('Add', [tokens, position]);
}
