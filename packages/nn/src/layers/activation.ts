import type { Value } from '@fovea/onnx';
import { NnError } from '../error.js';
import type { BuildContext } from '../parameters.js';

type Graph = BuildContext['graph'];

const activations = {
  identity: (_graph: Graph, x: Value) => x,
  relu: (graph: Graph, x: Value) => graph.node('Relu', [x]),
  /** min(max(x, 0), 6) (Howard et al. 2017, arXiv:1704.04861). */
  relu6: (graph: Graph, x: Value) => graph.node('Clip', [x, graph.scalar(0), graph.scalar(6)]),
  /** x sigmoid(x) (Ramachandran et al. 2017, arXiv:1710.05941: Swish). */
  silu: (graph: Graph, x: Value) => graph.node('Mul', [x, graph.node('Sigmoid', [x])]),
  /** x min(max(x / 6 + 1 / 2, 0), 1) (Howard et al. 2019, arXiv:1905.02244). */
  hardSwish: (graph: Graph, x: Value) => graph.node('HardSwish', [x]),
  /** x (1 + erf(x / sqrt 2)) / 2 (Hendrycks & Gimpel 2016, arXiv:1606.08415); ONNX Runtime runs it as one kernel. */
  gelu: (graph: Graph, x: Value) => {
    const erf = graph.node('Erf', [graph.node('Div', [x, graph.scalar(Math.SQRT2)])]);
    const twice = graph.node('Mul', [x, graph.node('Add', [erf, graph.scalar(1)])]);
    return graph.node('Mul', [twice, graph.scalar(0.5)]);
  },
  sigmoid: (graph: Graph, x: Value) => graph.node('Sigmoid', [x]),
  tanh: (graph: Graph, x: Value) => graph.node('Tanh', [x]),
};

/** Names of the activations there are. */
export type Activation = keyof typeof activations;

/** Names `activation` knows. */
export const activationNames = Object.keys(activations) as readonly Activation[];

/**
 * `x` through an activation function, element by element.
 *
 * @throws NnError `unknown_activation`, listing the known ones.
 */
export function activation({ graph }: BuildContext, x: Value, name: Activation): Value {
  if (!Object.hasOwn(activations, name))
    throw new NnError(
      'unknown_activation',
      `There is no activation "${name}"; there are ${activationNames.join(', ')}.`,
      {
        name,
      },
    );
  return activations[name](graph, x);
}
