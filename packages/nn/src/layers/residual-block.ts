import type { Value } from '@fovea/onnx';
import type { BuildContext } from '../parameters.js';
import { batchNorm } from './batch-norm.js';
import { conv } from './conv.js';
import { convUnit } from './conv-unit.js';

/** Two 3x3 convolutions around a shortcut (He et al. 2016, arXiv:1512.03385); the branch starts at zero. */
export function residualBlock(context: BuildContext, name: string, x: Value): Value {
  const channels = x.shape[1]!;
  const inner = convUnit(context, `${name}.first`, x, channels);
  const branch = batchNorm(context, `${name}.second.norm`, conv(context, `${name}.second`, inner, channels), 0);
  return context.graph.node('Relu', [context.graph.node('Add', [x, branch])]);
}
