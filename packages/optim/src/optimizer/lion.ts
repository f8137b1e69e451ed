import type { Value } from '@fovea/onnx';
import { clipGradients, descend, movingAverage, scaled, splitHyper, stateVectors } from './descent.js';
import type { CommonOptions, Optimizer } from './optimizer.js';
import { checkOption } from './option.js';

/** Settings of Lion; `weightDecay` is 0.5 and `clipNorm` 10 by default. */
export interface LionOptions extends CommonOptions {
  /** Weight of the momentum in the direction of the step, 0.9 by default. */
  readonly beta1?: number;
  /** Decay of the momentum, 0.99 by default. */
  readonly beta2?: number;
}

const hyperNames = ['learningRate', 'momentumDecay', 'momentumGain', 'averageDecay'] as const;

/**
 * Lion, "evolved sign momentum" (Chen et al. 2023, arXiv:2302.06675, algorithm 2), decay decoupled from the gradient.
 *
 * theta' = theta - lr (sign(b1 m + (1 - b1) g) + wd decay theta); m' = b2 m + (1 - b2) g. Every step is as long as the
 * learning rate, so the paper takes rates 3 to 10 times smaller, and weight decay as many times larger, than AdamW's.
 *
 * @throws OptimError `invalid_option`.
 */
export function lion(options: LionOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.99, weightDecay = 0.5, clipNorm = 10 } = options;
  checkOption('beta1', beta1, 0, 1, true);
  checkOption('beta2', beta2, 0, 1, true);
  checkOption('weightDecay', weightDecay, 0, Number.MAX_VALUE);
  checkOption('clipNorm', clipNorm, Number.MIN_VALUE, Infinity);
  return {
    name: 'lion',
    slots: ['momentum'],
    hyperNames,

    hyper: (_step, learningRate, averageDecay) => Float32Array.of(learningRate, beta2, 1 - beta2, averageDecay),

    idleHyper: () => Float32Array.of(0, 1, 0, 1),

    apply(graph, state, gradients, vectors, hyper) {
      const names = ['parameters', 'average', 'momentum'] as const;
      const { parameters, average, momentum } = stateVectors(state, names, gradients, vectors);
      const { learningRate, momentumDecay, momentumGain, averageDecay } = splitHyper(graph, hyper, hyperNames);
      const { total, scale, norm } = clipGradients(graph, gradients, clipNorm);
      const mix = (weight: Value, gradientWeight: Value) =>
        graph.node('Add', [
          scaled(graph, momentum, weight),
          scaled(graph, total, graph.node('Mul', [scale, gradientWeight])),
        ]);
      const step = graph.node('Sign', [mix(graph.scalar(beta1), graph.scalar(1 - beta1))]);
      const next = descend(graph, parameters, { step, stepSize: learningRate }, { weightDecay, learningRate }, vectors);
      return {
        state: {
          parameters: next,
          momentum: mix(momentumDecay, momentumGain),
          average: movingAverage(graph, average, next, averageDecay),
        },
        gradientNorm: norm,
      };
    },
  };
}
