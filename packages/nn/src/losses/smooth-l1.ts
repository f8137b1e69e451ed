import type { GraphBuilder, Value } from '@fovea/onnx';
import { NnError } from '../error.js';

/**
 * Smooth L1 loss (Girshick 2015, arXiv:1504.08083, equation 3), element by element: d^2 / (2 beta) for |d| < beta, |d| -
 * beta / 2 beyond, with d = a - b. Without branches: m (|d| - m / 2) / beta, m = min(|d|, beta).
 *
 * @throws NnError `invalid_option`.
 */
export function smoothL1(
  graph: GraphBuilder,
  a: Value,
  b: Value,
  { beta = 1 }: { readonly beta?: number } = {},
): Value {
  if (!(beta > 0)) throw new NnError('invalid_option', `beta is ${beta}; it must be above 0.`);
  const op = (name: string, ...inputs: Value[]) => graph.node(name, inputs);
  const distance = op('Abs', op('Sub', a, b));
  const near = op('Min', distance, graph.scalar(beta));
  const loss = op('Mul', near, op('Sub', distance, op('Mul', near, graph.scalar(0.5))));
  return beta === 1 ? loss : op('Mul', loss, graph.scalar(1 / beta));
}
