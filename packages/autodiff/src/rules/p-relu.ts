import { sumTo } from '../broadcast.js';
import type { GradientRule } from '../rule.js';
import { positive } from '../step.js';

/** d PRelu: g where x is positive, slope g elsewhere; for the slope g x where x is negative, summed. */
export const pRelu: GradientRule = ({ graph, inputs: [x, slope], gradients: [g], needs }) => {
  const number = (value: number) => graph.scalar(value, x!.dtype);
  const factor = () => {
    const step = graph.node('Mul', [positive(graph, x!), graph.node('Sub', [number(1), slope!])]);
    return graph.node('Add', [step, slope!]);
  };
  const negative = () => graph.node('Mul', [g!, graph.node('Min', [x!, number(0)])]);
  return [
    needs[0] ? graph.node('Mul', [g!, factor()]) : null,
    needs[1] ? sumTo(graph, negative(), slope!.shape) : null,
  ];
};
