import { float, type Value } from '@fovea/onnx';
import { constantInit } from '../initializers.js';
import type { BuildContext } from '../parameters.js';

/**
 * Batch normalization over N, H, W (Ioffe & Szegedy 2015, arXiv:1502.03167). Training uses the batch's statistics and
 * records them in `context.statistics`; otherwise the running ones are used.
 *
 * Parameters: `name.scale`, `name.bias` [C]; buffers: `name.mean`, `name.variance` [C].
 *
 * @param scale what the scales start as: 0 makes the end of a residual branch start as nothing.
 */
export function batchNorm(context: BuildContext, name: string, x: Value, scale = 1): Value {
  const { graph, source, training, statistics } = context;
  const channels = [x.shape[1]!];
  const gamma = source.parameter(`${name}.scale`, channels, constantInit(scale), false);
  const beta = source.parameter(`${name}.bias`, channels, constantInit(0), false);
  const mean = source.buffer(`${name}.mean`, channels, constantInit(0));
  const variance = source.buffer(`${name}.variance`, channels, constantInit(1));
  const epsilon = float(1e-5);
  if (!training) return graph.node('BatchNormalization', [x, gamma, beta, mean, variance], { epsilon });
  // In training mode the operator writes over its two statistics inputs, and ONNX Runtime's optimizer merges
  // initializers of equal contents: each gets contents no other initializer has. With momentum 0 they do not matter.
  const own = graph.initializers.size + 1;
  const scratch = (value: number) =>
    graph.constant({ dtype: 'float32', shape: channels, data: new Float32Array(channels[0]!).fill(value) });
  const [y, batchMean, batchVariance] = graph.nodesOf(
    'BatchNormalization',
    [x, gamma, beta, scratch(-own - 0.25), scratch(own + 0.25)],
    { epsilon, momentum: float(0), training_mode: 1 },
    3,
  );
  statistics.set(`${name}.mean`, batchMean!);
  statistics.set(`${name}.variance`, batchVariance!);
  return y!;
}
