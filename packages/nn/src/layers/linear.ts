import type { Value } from '@fovea/onnx';
import { constantInit, type Initializer, xavierInit } from '../initializers.js';
import type { BuildContext } from '../parameters.js';

/** Settings of a linear layer. */
export interface LinearOptions {
  /** What the biases start as, 0 by default; `null` for none. */
  readonly bias?: number | null;
  /** Xavier's by default. */
  readonly init?: Initializer;
}

/**
 * Linear layer: x [..., D] to x W^T + b [..., `width`], as one Gemm whatever the number of axes.
 * Parameters: `name.weight` [width, D], `name.bias` [width].
 */
export function linear(
  { graph, source }: BuildContext,
  name: string,
  x: Value,
  width: number,
  { bias = 0, init = xavierInit }: LinearOptions = {},
): Value {
  const inner = x.shape.at(-1)!;
  const weight = source.parameter(`${name}.weight`, [width, inner], init);
  const flat = x.shape.length === 2 ? x : graph.node('Reshape', [x, graph.ints([-1, inner])]);
  const inputs = [flat, weight];
  if (bias !== null) inputs.push(source.parameter(`${name}.bias`, [width], constantInit(bias), false));
  const y = graph.node('Gemm', inputs, { transB: 1 });
  if (x.shape.length === 2) return y;
  // The batch may be of any length; the other axes are as they are.
  return graph.node('Reshape', [y, graph.ints([-1, ...x.shape.slice(1, -1), width])]);
}
