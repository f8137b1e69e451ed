import { OptimError } from './optimizer/optimizer.js';
import { checkOption } from './optimizer/option.js';

/** Learning rate over a run: `progress` in [0, 1] is how much of it is done; beyond that the rate is that of the end. */
export type Schedule = (progress: number) => number;

/** The part of the run, in [0, 1), over which the rate rises in a line from a hundredth of the peak. */
export interface WarmUp {
  readonly warmUp?: number;
}

/** Settings of `cosineSchedule`. */
export interface CosineOptions extends WarmUp {
  /** What is left at the end, as a part of the peak in [0, 1]; 0.02 by default. */
  readonly floor?: number;
}

/** Settings of `stepSchedule`. */
export interface StepOptions extends WarmUp {
  /** Where the rate falls, as parts of the run in (0, 1), rising; [0.6, 0.85] by default. */
  readonly milestones?: readonly number[];
  /** What the rate is multiplied by at each, in (0, 1]; 0.1 by default. */
  readonly factor?: number;
}

/** Settings of `oneCycleSchedule`; its `warmUp` is 0.3 by default, and rises along half a cosine. */
export interface OneCycleOptions extends WarmUp {
  /** What it starts from, as a part of the peak in [0, 1]; 1/25 by default. */
  readonly initial?: number;
  /** What is left at the end, as a part of the peak in [0, 1]; 4e-6 by default. */
  readonly final?: number;
}

/** A schedule by name, with its highest learning rate and its settings. */
export type ScheduleSettings = { readonly peak: number } & (
  | ({ readonly name: 'cosine' } & CosineOptions)
  | ({ readonly name: 'one-cycle' } & OneCycleOptions)
  | ({ readonly name: 'step' } & StepOptions)
  | ({ readonly name: 'constant' } & WarmUp)
);

/** Names `scheduleOf` knows. */
export const scheduleNames: readonly ScheduleSettings['name'][] = ['cosine', 'one-cycle', 'step', 'constant'];

/** Half a cosine from `from` at phase 0 to `to` at phase 1. */
const swing = (from: number, to: number, phase: number) => to + (from - to) * 0.5 * (1 + Math.cos(Math.PI * phase));

/** A linear warm-up before `rest`, a function of the progress after it; checks what all schedules have. */
function warmedUp(peak: number, warmUp: number, rest: (phase: number, progress: number) => number): Schedule {
  checkOption('peak', peak, 0, Number.MAX_VALUE);
  checkOption('warmUp', warmUp, 0, 1, true);
  return (at) => {
    const progress = Math.min(1, Math.max(0, at));
    if (progress < warmUp) return peak * Math.max(progress / warmUp, 0.01);
    return peak * rest((progress - warmUp) / (1 - warmUp), progress);
  };
}

/**
 * Linear warm-up (5 % of the run by default), then half a cosine down to `floor` times the peak (Loshchilov & Hutter
 * 2017, arXiv:1608.03983, without restarts).
 *
 * @throws OptimError `invalid_option`.
 */
export function cosineSchedule(peak: number, { warmUp = 0.05, floor = 0.02 }: CosineOptions = {}): Schedule {
  checkOption('floor', floor, 0, 1);
  return warmedUp(peak, warmUp, (phase) => swing(1, floor, phase));
}

/**
 * The one-cycle policy (Smith & Topin 2018, arXiv:1708.07120): up from `initial` to the peak and down to next to nothing,
 * along half a cosine each. Its defaults are those of PyTorch's OneCycleLR.
 *
 * @throws OptimError `invalid_option`.
 */
export function oneCycleSchedule(
  peak: number,
  { warmUp = 0.3, initial = 1 / 25, final = 4e-6 }: OneCycleOptions = {},
): Schedule {
  checkOption('initial', initial, 0, 1);
  checkOption('final', final, 0, 1);
  checkOption('warmUp', warmUp, 0, 1, true);
  return warmedUp(peak, 0, (progress) =>
    progress < warmUp ? swing(initial, 1, progress / warmUp) : swing(1, final, (progress - warmUp) / (1 - warmUp)),
  );
}

/**
 * The peak, multiplied by `factor` at each milestone; after a linear warm-up where one is asked for.
 *
 * @throws OptimError `invalid_option`.
 */
export function stepSchedule(
  peak: number,
  { warmUp = 0, milestones = [0.6, 0.85], factor = 0.1 }: StepOptions = {},
): Schedule {
  checkOption('factor', factor, Number.MIN_VALUE, 1);
  milestones.forEach((milestone, i) => {
    checkOption(`milestones[${i}]`, milestone, milestones[i - 1] ?? Number.MIN_VALUE, 1, true);
  });
  return warmedUp(peak, warmUp, (_, progress) => factor ** milestones.filter((at) => progress >= at).length);
}

/**
 * The peak throughout; after a linear warm-up where one is asked for.
 *
 * @throws OptimError `invalid_option`.
 */
export function constantSchedule(peak: number, { warmUp = 0 }: WarmUp = {}): Schedule {
  return warmedUp(peak, warmUp, () => 1);
}

/**
 * The schedule of a configuration.
 *
 * @throws OptimError `unknown_schedule`, listing the known ones; `invalid_option`.
 */
export function scheduleOf(config: ScheduleSettings): Schedule {
  switch (config.name) {
    case 'cosine':
      return cosineSchedule(config.peak, config);
    case 'one-cycle':
      return oneCycleSchedule(config.peak, config);
    case 'step':
      return stepSchedule(config.peak, config);
    case 'constant':
      return constantSchedule(config.peak, config);
    default: {
      const { name } = config as { name: string };
      throw new OptimError(
        'unknown_schedule',
        `There is no schedule "${name}"; there are ${scheduleNames.join(', ')}.`,
        {
          name,
        },
      );
    }
  }
}

/** Decay of the weights' moving average: short while there is little to average, then `decay` (as in Tan & Le 2019). */
export function averageDecay(step: number, decay = 0.998): number {
  return Math.min(decay, (1 + step) / (10 + step));
}
