import { float, type Value } from '@fovea/onnx';
import { constantInit } from '../initializers.js';
import type { BuildContext } from '../parameters.js';

/**
 * Layer normalization over the last axis (Ba, Kiros & Hinton 2016, arXiv:1607.06450): (x - mean) / sqrt(variance + 1e-6)
 * scale + bias, the same in training and out of it.
 *
 * Parameters: `name.scale`, `name.bias` [D].
 *
 * @param x float32 [..., D].
 */
export function layerNorm({ graph, source }: BuildContext, name: string, x: Value): Value {
  const width = [x.shape.at(-1)!];
  const scale = source.parameter(`${name}.scale`, width, constantInit(1), false);
  const bias = source.parameter(`${name}.bias`, width, constantInit(0), false);
  return graph.node('LayerNormalization', [x, scale, bias], { axis: -1, epsilon: float(1e-6) });
}
