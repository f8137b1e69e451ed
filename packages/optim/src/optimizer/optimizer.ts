import type { GraphBuilder, Value } from '@fovea/onnx';

/** An error about the settings of an optimizer or a schedule; `code` is stable. */
export class OptimError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly details: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = 'OptimError';
  }
}

/** Settings every optimizer has. */
export interface CommonOptions {
  /**
   * Largest Euclidean norm of the gradient over all parameters; longer ones are scaled down to it (Pascanu, Mikolov &
   * Bengio 2013, arXiv:1211.5063). `Infinity` never clips.
   */
  readonly clipNorm?: number;
  /** How strongly the parameters whose `decay` is 1 are pulled to zero. */
  readonly weightDecay?: number;
}

/** Constants with one number per element of the parameters, both of length S. */
export interface ElementVectors {
  /** Factor of the weight decay: by custom 1 for weights, 0 for biases and normalization scales. */
  readonly decay: Float32Array;
  /** Factor of the learning rate; all 1 where left out. An element of factor 0 stays exactly as it is. */
  readonly rate?: Float32Array;
}

/** What an optimizer's step gives. */
export interface OptimizerStep {
  /** Next `parameters`, `average` and slots, float32 [S] each, under the names they came with. */
  readonly state: Record<string, Value>;
  /** Euclidean norm of the averaged gradient before clipping, float32 [1]; not finite where a gradient is not. */
  readonly gradientNorm: Value;
}

/**
 * An optimizer over flat vectors, as graph operators.
 *
 * Its state is `parameters`, one vector per slot, all zeros at first, and `average`, the exponential moving average of
 * the parameters (Polyak & Juditsky 1992), which starts as a copy of them and is what is evaluated and saved.
 */
export interface Optimizer {
  readonly name: 'sgd' | 'adamw' | 'lion';
  /** Names of the vectors it keeps besides `parameters` and `average`. */
  readonly slots: readonly string[];
  /** What the numbers of `hyper` are; the first is the learning rate, the last the decay of the average. */
  readonly hyperNames: readonly string[];

  /**
   * The numbers that change from step to step, one per name of `hyperNames`.
   *
   * @param step t = 1, 2, …
   * @param learningRate 0 leaves the parameters as they are; slots and average move.
   * @param averageDecay part of the average that stays, in [0, 1]: 0 makes it the parameters, 1 leaves it as it is.
   */
  hyper(step: number, learningRate: number, averageDecay: number): Float32Array;

  /** `hyper` of a step that leaves every vector exactly as it is, whatever finite gradients come. */
  idleHyper(): Float32Array;

  /**
   * Appends one step to `graph`.
   *
   * @param state `parameters`, `average` and one value per slot, float32 [S].
   * @param gradients one flat vector [S] per worker, at least one; they are averaged.
   * @param hyper float32 [hyperNames.length].
   * @throws OptimError `missing_state` where a vector is not given, `shape_mismatch` where lengths differ.
   */
  apply(
    graph: GraphBuilder,
    state: Readonly<Record<string, Value>>,
    gradients: readonly Value[],
    vectors: ElementVectors,
    hyper: Value,
  ): OptimizerStep;
}
