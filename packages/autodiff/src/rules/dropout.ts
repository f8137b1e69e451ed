import { numbersOf } from '@fovea/onnx';
import { castTo } from '../broadcast.js';
import { type GradientRule, uncovered } from '../rule.js';

/**
 * d Dropout (Srivastava et al. 2014): g mask / (1 - ratio) when training, by the node's second output; g otherwise.
 * Whether it trains must be a constant.
 */
export const dropout: GradientRule = ({ graph, node, inputs: [, ratio, training], outputs, gradients: [g] }) => {
  const flag = graph.tensorOf(training);
  if (training && !flag) throw uncovered(node, 'decides at run time whether it is in training mode');
  if (!g) return [null];
  if (!flag || numbersOf(flag)[0] === 0) return [g, null, null];
  const known = ratio ? graph.tensorOf(ratio) : undefined;
  const rate = ratio && !known ? undefined : known ? numbersOf(known)[0]! : 0.5;
  if (rate === 0) return [g, null, null];
  if (!outputs[1]) throw uncovered(node, 'drops elements without its second output, the mask of what was kept');
  const kept = castTo(graph, outputs[1], g.dtype);
  const factor =
    rate === undefined
      ? graph.node('Reciprocal', [graph.node('Sub', [graph.scalar(1, g.dtype), castTo(graph, ratio!, g.dtype)])])
      : graph.scalar(1 / (1 - rate), g.dtype);
  return [graph.node('Mul', [g, graph.node('Mul', [kept, factor])]), null, null];
};
