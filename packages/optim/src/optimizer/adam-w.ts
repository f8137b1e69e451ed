import type { Value } from '@fovea/onnx';
import { clipGradients, descend, movingAverage, splitHyper, stateVectors } from './descent.js';
import type { CommonOptions, Optimizer } from './optimizer.js';
import { checkOption } from './option.js';

/** Settings of AdamW; `weightDecay` is 0.05 and `clipNorm` 10 by default. */
export interface AdamWOptions extends CommonOptions {
  /** Decay of the momentum, 0.9 by default. */
  readonly beta1?: number;
  /** Decay of the squared gradients, 0.999 by default. */
  readonly beta2?: number;
  /** Bounds the steps of parameters with next to no gradient, 1e-8 by default. */
  readonly epsilon?: number;
}

const hyperNames = [
  'learningRate',
  'stepSize',
  'epsilon',
  'momentumDecay',
  'momentumGain',
  'varianceDecay',
  'varianceGain',
  'averageDecay',
] as const;

/**
 * AdamW (Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2), decay decoupled from the gradient.
 *
 * m' = b1 m + (1 - b1) g; v' = b2 v + (1 - b2) g^2; theta' = theta - lr (m' / (1 - b1^t) / (sqrt(v' / (1 - b2^t)) + eps)
 * + wd decay theta). The corrections are merged into step size and epsilon, as at the end of section 2 of Kingma & Ba
 * 2015 (arXiv:1412.6980), with epsilon scaled along so that the result is algorithm 2's.
 *
 * @throws OptimError `invalid_option`.
 */
export function adamW(options: AdamWOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.05, clipNorm = 10 } = options;
  checkOption('beta1', beta1, 0, 1, true);
  checkOption('beta2', beta2, 0, 1, true);
  checkOption('epsilon', epsilon, 1e-30, Number.MAX_VALUE);
  checkOption('weightDecay', weightDecay, 0, Number.MAX_VALUE);
  checkOption('clipNorm', clipNorm, Number.MIN_VALUE, Infinity);
  return {
    name: 'adamw',
    slots: ['momentum', 'variance'],
    hyperNames,

    hyper(step, learningRate, averageDecay) {
      const deviation = Math.sqrt(1 - beta2 ** step);
      const stepSize = (learningRate * deviation) / (1 - beta1 ** step);
      return Float32Array.of(
        learningRate,
        stepSize,
        epsilon * deviation,
        beta1,
        1 - beta1,
        beta2,
        1 - beta2,
        averageDecay,
      );
    },

    idleHyper: () => Float32Array.of(0, 0, epsilon, 1, 0, 1, 0, 1),

    apply(graph, state, gradients, vectors, hyper) {
      const { parameters, average, momentum, variance } = stateVectors(
        state,
        ['parameters', 'average', 'momentum', 'variance'],
        gradients,
        vectors,
      );
      const op = (name: string, ...inputs: Value[]) => graph.node(name, inputs);
      const numbers = splitHyper(graph, hyper, hyperNames);
      const { total, scale, norm } = clipGradients(graph, gradients, clipNorm);
      const push = op('Mul', total, op('Mul', scale, numbers.momentumGain));
      const square = op('Mul', op('Mul', total, total), op('Mul', op('Mul', scale, scale), numbers.varianceGain));
      const m = op('Add', op('Mul', momentum, numbers.momentumDecay), push);
      const v = op('Add', op('Mul', variance, numbers.varianceDecay), square);
      const step = op('Div', m, op('Add', op('Sqrt', v), numbers.epsilon));
      const { learningRate, stepSize, averageDecay } = numbers;
      const next = descend(graph, parameters, { step, stepSize }, { weightDecay, learningRate }, vectors);
      return {
        state: {
          parameters: next,
          momentum: m,
          variance: v,
          average: movingAverage(graph, average, next, averageDecay),
        },
        gradientNorm: norm,
      };
    },
  };
}
