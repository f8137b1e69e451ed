import { float } from '@fovea/onnx';
import { scaled } from '../broadcast.js';
import type { GradientRule } from '../rule.js';
import { between } from '../step.js';

/** d x h(x) with h(x) = max(0, min(1, x/6 + 1/2)): g (h + x/6) between -3 and 3, g h elsewhere. */
export const hardSwish: GradientRule = ({ graph, inputs: [x], gradients: [g] }) => {
  const h = graph.node('HardSigmoid', [x!], { alpha: float(1 / 6), beta: float(0.5) });
  const inside = between(graph, graph.node('Abs', [x!]), null, graph.scalar(3, x!.dtype));
  const slope = graph.node('Add', [h, graph.node('Mul', [scaled(graph, x!, 1 / 6), inside])]);
  return [graph.node('Mul', [g!, slope])];
};
