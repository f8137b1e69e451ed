import { type GraphBuilder, tensorOf, type Value } from '@fovea/onnx';
import { type ElementVectors, OptimError } from './optimizer.js';

/** The workers' gradients, their scale left out of the vector: the averaged, clipped gradient is `total` * `scale`. */
export interface ClippedGradient {
  /** Sum over the workers, [S]. */
  readonly total: Value;
  /** Factor [1] that averages and clips. Kept apart, so that it can be merged into the next factor. */
  readonly scale: Value;
  /** Norm of the average before clipping, [1]. */
  readonly norm: Value;
}

/** Averages the workers' gradients and bounds the norm of the average: scale = min(1, clipNorm / norm) / workers. */
export function clipGradients(graph: GraphBuilder, gradients: readonly Value[], clipNorm: number): ClippedGradient {
  const total = gradients.length === 1 ? gradients[0]! : graph.node('Sum', gradients);
  const share = graph.scalar(1 / gradients.length);
  const length = graph.node('ReduceL2', [total], { axes: [0], keepdims: 1 });
  const norm = gradients.length === 1 ? length : graph.node('Mul', [length, share]);
  // A scalar has no axis and `norm` has one, so that the result always has one.
  const bound = graph.constant(tensorOf('float32', [Math.min(clipNorm, 3e38)]), 'clipNorm');
  const ratio = graph.node('Div', [bound, graph.node('Max', [norm, graph.scalar(1e-12)])]);
  const scale = graph.node('Mul', [graph.node('Min', [ratio, graph.scalar(1)]), share]);
  return { total, scale, norm };
}

/** The numbers of `hyper` by name, [1] each. */
export function splitHyper<Name extends string>(
  graph: GraphBuilder,
  hyper: Value,
  names: readonly Name[],
): Record<Name, Value> {
  if (hyper.shape.length !== 1 || hyper.shape[0] !== names.length)
    throw new OptimError(
      'shape_mismatch',
      `hyper has shape [${hyper.shape}]; it must be [${names.length}]: ${names.join(', ')}.`,
    );
  const numbers = graph.nodesOf('Split', [hyper, graph.ints(names.map(() => 1))], { axis: 0 }, names.length);
  return Object.fromEntries(names.map((name, i) => [name, numbers[i]])) as Record<Name, Value>;
}

/** The vectors an optimizer asks for, checked. */
export function stateVectors<Name extends string>(
  state: Readonly<Record<string, Value>>,
  names: readonly Name[],
  gradients: readonly Value[],
  vectors: ElementVectors,
): Record<Name, Value> {
  if (gradients.length === 0) throw new OptimError('missing_gradient', 'An optimizer needs at least one gradient.');
  for (const name of names)
    if (!state[name])
      throw new OptimError('missing_state', `The state lacks "${name}"; it must have ${names.join(', ')}.`, { name });
  const size = state.parameters!.shape[0]!;
  const lengths: [string, readonly number[]][] = [
    ...names.map((name): [string, readonly number[]] => [name, state[name]!.shape]),
    ...gradients.map((gradient, worker): [string, readonly number[]] => [`gradient ${worker}`, gradient.shape]),
    ['decay', [vectors.decay.length]],
    ['rate', [vectors.rate?.length ?? size]],
  ];
  for (const [name, shape] of lengths)
    if (shape.length !== 1 || shape[0] !== size)
      throw new OptimError('shape_mismatch', `"${name}" has shape [${shape}]; it must be [${size}] as the parameters.`);
  return state as Record<Name, Value>;
}

/** A constant of the graph: a scalar where all elements are equal, `undefined` where they all are `neutral`. */
function elementwise(graph: GraphBuilder, vector: Float32Array, neutral: number, name: string): Value | undefined {
  const first = vector[0] ?? neutral;
  if (vector.some((value) => value !== first)) return graph.constant(tensorOf('float32', vector), name);
  return first === neutral ? undefined : graph.scalar(first);
}

/** `x` times each factor that there is. */
export function scaled(graph: GraphBuilder, x: Value, ...factors: readonly (Value | undefined)[]): Value {
  return factors.reduce<Value>((product, factor) => (factor ? graph.node('Mul', [product, factor]) : product), x);
}

/** weightDecay decay theta: the gradient of half the squared weights; `undefined` where nothing decays. */
export function weightPull(
  graph: GraphBuilder,
  parameters: Value,
  weightDecay: number,
  vectors: ElementVectors,
): Value | undefined {
  const strength = elementwise(
    graph,
    vectors.decay.map((decay) => decay * weightDecay),
    0,
    'decay',
  );
  return strength && graph.node('Mul', [parameters, strength]);
}

/**
 * theta' = theta - rate (step stepSize + weightDecay decay theta learningRate), element by element: a step of the
 * optimizer and weight decay decoupled from it (Loshchilov & Hutter 2019, arXiv:1711.05101).
 */
export function descend(
  graph: GraphBuilder,
  parameters: Value,
  { step, stepSize }: { readonly step: Value; readonly stepSize: Value },
  { weightDecay, learningRate }: { readonly weightDecay: number; readonly learningRate: Value },
  vectors: ElementVectors,
): Value {
  const { rate } = vectors;
  const factor = rate && elementwise(graph, rate, 1, 'rate');
  const moved = graph.node('Sub', [parameters, scaled(graph, step, factor, stepSize)]);
  const decay = rate ? vectors.decay.map((value, i) => value * rate[i]!) : vectors.decay;
  const pull = weightPull(graph, parameters, weightDecay, { decay });
  return pull ? graph.node('Sub', [moved, graph.node('Mul', [pull, learningRate])]) : moved;
}

/** a' = d a + (1 - d) theta': exactly theta' for d = 0, exactly a for d = 1. */
export function movingAverage(graph: GraphBuilder, average: Value, parameters: Value, decay: Value): Value {
  const rest = graph.node('Sub', [graph.scalar(1), decay]);
  return graph.node('Add', [graph.node('Mul', [average, decay]), graph.node('Mul', [parameters, rest])]);
}
