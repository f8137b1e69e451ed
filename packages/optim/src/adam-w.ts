import { type GraphBuilder, tensorOf, type Value } from '@fovea/onnx';

/** The flat vectors an optimizer reads and, updated, returns: all of one length. */
export interface OptimizerState {
  readonly parameters: Value;
  readonly momentum: Value;
  readonly variance: Value;
  /** Exponential moving average of the parameters: what is evaluated and saved. */
  readonly average: Value;
}

/** Scalars that change from step to step, as one float32 vector in this order. */
export const hyperNames = ['learningRate', 'correction1', 'correction2', 'averageDecay'] as const;

/** Settings that stay for a whole run. */
export interface AdamWOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
  /** Largest Euclidean norm of the gradient; longer ones are scaled down to it (Pascanu et al. 2013). */
  readonly clipNorm?: number;
}

/**
 * One step of AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2) over flat vectors.
 *
 * m' = b1 m + (1 - b1) g; v' = b2 v + (1 - b2) g^2; theta' = theta - lr (m' c1 / (sqrt(v' c2) + eps) + wd theta), where
 * c1 = 1 / (1 - b1^t) and c2 = 1 / (1 - b2^t) come in `hyper`.
 *
 * @param gradients one flat vector per worker; they are averaged.
 * @param decay 1 where weight decay applies, 0 elsewhere, per element.
 * @param hyper float32 [4], see `hyperNames`. A learning rate of 0 leaves the parameters as they are.
 */
export function adamW(
  graph: GraphBuilder,
  state: OptimizerState,
  gradients: readonly Value[],
  decay: Float32Array,
  hyper: Value,
  options: AdamWOptions = {},
): OptimizerState & { readonly gradientNorm: Value } {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.05, clipNorm = 10 } = options;
  const op = (name: string, ...inputs: Value[]) => graph.node(name, inputs);
  const of = (value: number) => graph.scalar(value);
  const [rate, correction1, correction2, averageDecay] = graph.nodesOf(
    'Split',
    [hyper, graph.ints([1, 1, 1, 1])],
    { axis: 0 },
    4,
  ) as [Value, Value, Value, Value];

  const total = gradients.length === 1 ? gradients[0]! : op('Sum', ...gradients);
  const gradientNorm = op('Mul', graph.node('ReduceL2', [total], { axes: [0], keepdims: 1 }), of(1 / gradients.length));
  const clip = op('Min', op('Div', of(clipNorm), op('Max', gradientNorm, of(1e-12))), of(1));
  const g = op('Mul', total, op('Mul', clip, of(1 / gradients.length)));

  const momentum = op('Add', op('Mul', state.momentum, of(beta1)), op('Mul', g, of(1 - beta1)));
  const variance = op('Add', op('Mul', state.variance, of(beta2)), op('Mul', op('Mul', g, g), of(1 - beta2)));
  const step = op(
    'Div',
    op('Mul', momentum, correction1),
    op('Add', op('Sqrt', op('Mul', variance, correction2)), of(epsilon)),
  );
  const pull = op(
    'Mul',
    graph.constant(
      tensorOf(
        'float32',
        decay.map((d) => d * weightDecay),
      ),
      'decay',
    ),
    state.parameters,
  );
  const parameters = op('Sub', state.parameters, op('Mul', op('Add', step, pull), rate));
  const drift = op('Sub', state.average, parameters);
  const average = op('Add', parameters, op('Mul', drift, averageDecay));
  return { parameters, momentum, variance, average, gradientNorm };
}

/** The four numbers of `hyper` for step t = 1, 2, … */
export function adamWHyper(
  step: number,
  learningRate: number,
  averageDecay: number,
  { beta1 = 0.9, beta2 = 0.999 }: AdamWOptions = {},
): Float32Array {
  return Float32Array.of(learningRate, 1 / (1 - beta1 ** step), 1 / (1 - beta2 ** step), averageDecay);
}
