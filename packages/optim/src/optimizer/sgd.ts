import type { Value } from '@fovea/onnx';
import { clipGradients, descend, movingAverage, scaled, splitHyper, stateVectors, weightPull } from './descent.js';
import { type CommonOptions, OptimError, type Optimizer } from './optimizer.js';
import { checkOption } from './option.js';

/** Settings of SGD; `weightDecay` is 1e-4 and `clipNorm` 10 by default. */
export interface SgdOptions extends CommonOptions {
  /** Decay of the sum of past gradients, 0.9 by default; with 0 nothing is kept. */
  readonly momentum?: number;
  /** Looks ahead along the momentum (Nesterov 1983, in the form of Sutskever et al. 2013); false by default. */
  readonly nesterov?: boolean;
  /**
   * How weights decay: `l2` (the default, and what recipes for SGD mean) adds wd theta to the clipped gradient, so that it
   * goes through the momentum; `decoupled` takes lr wd theta off the parameters (SGDW, algorithm 1 of arXiv:1711.05101).
   */
  readonly decayKind?: 'l2' | 'decoupled';
}

type HyperName = (typeof momentumNames)[number];

const plainNames = ['learningRate', 'averageDecay'] as const;
const momentumNames = ['learningRate', 'momentumDecay', 'momentumGain', 'averageDecay'] as const;

/**
 * Stochastic gradient descent with momentum, in the form PyTorch uses (dampening 0).
 *
 * d = g + wd decay theta (l2); b' = mu b + d; theta' = theta - lr b', or theta - lr (d + mu b') with Nesterov's momentum.
 * The momentum does not contain the learning rate, as it does in Sutskever et al. 2013.
 *
 * @throws OptimError `invalid_option`.
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { momentum: mu = 0.9, nesterov = false, weightDecay = 1e-4, decayKind = 'l2', clipNorm = 10 } = options;
  checkOption('momentum', mu, 0, 1, true);
  checkOption('weightDecay', weightDecay, 0, Number.MAX_VALUE);
  checkOption('clipNorm', clipNorm, Number.MIN_VALUE, Infinity);
  if (decayKind !== 'l2' && decayKind !== 'decoupled')
    throw new OptimError('invalid_option', `decayKind is "${decayKind}"; it must be "l2" or "decoupled".`);
  if (nesterov && mu === 0)
    throw new OptimError('invalid_option', 'nesterov looks ahead along the momentum, so momentum must be above 0.');
  const slots = mu === 0 ? [] : (['momentum'] as const);
  const hyperNames = mu === 0 ? plainNames : momentumNames;
  return {
    name: 'sgd',
    slots,
    hyperNames,

    hyper: (_step, learningRate, averageDecay) =>
      mu === 0 ? Float32Array.of(learningRate, averageDecay) : Float32Array.of(learningRate, mu, 1, averageDecay),

    idleHyper: () => (mu === 0 ? Float32Array.of(0, 1) : Float32Array.of(0, 1, 0, 1)),

    apply(graph, state, gradients, vectors, hyper) {
      const { parameters, average } = stateVectors(state, ['parameters', 'average', ...slots], gradients, vectors);
      const numbers = splitHyper<HyperName>(graph, hyper, hyperNames);
      const { learningRate, momentumDecay, momentumGain, averageDecay } = numbers;
      const { total, scale, norm } = clipGradients(graph, gradients, clipNorm);
      const pull = decayKind === 'l2' ? weightPull(graph, parameters, weightDecay, vectors) : undefined;
      const plus = (a: Value, b: Value | undefined) => (b ? graph.node('Add', [a, b]) : a);
      const next: Record<string, Value> = {};
      const direction = (): Value => {
        if (mu === 0) return plus(scaled(graph, total, scale), pull);
        const gain = graph.node('Mul', [scale, momentumGain]);
        const push = plus(scaled(graph, total, gain), pull && scaled(graph, pull, momentumGain));
        const sum = graph.node('Add', [scaled(graph, state.momentum!, momentumDecay), push]);
        next.momentum = sum;
        return nesterov ? graph.node('Add', [scaled(graph, sum, momentumDecay), push]) : sum;
      };
      const decoupled = { weightDecay: decayKind === 'decoupled' ? weightDecay : 0, learningRate };
      next.parameters = descend(graph, parameters, { step: direction(), stepSize: learningRate }, decoupled, vectors);
      next.average = movingAverage(graph, average, next.parameters, averageDecay);
      return { state: next, gradientNorm: norm };
    },
  };
}
