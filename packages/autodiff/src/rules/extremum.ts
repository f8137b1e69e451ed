import { sumTo } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** d Min and d Max: the gradient goes to the inputs equal to the result, in equal shares where several are. */
export const extremum: GradientRule = ({ graph, inputs, outputs: [y], gradients: [g], needs }) => {
  const chosen = inputs.map((input) =>
    graph.node('Cast', [graph.node('Equal', [input!, y!])], { to: y!.dtype === 'float64' ? 11 : 1 }),
  );
  const share = inputs.length === 1 ? g! : graph.node('Div', [g!, graph.node('Sum', chosen)]);
  return inputs.map((input, i) =>
    needs[i] ? sumTo(graph, graph.node('Mul', [share, chosen[i]!]), input!.shape) : null,
  );
};
