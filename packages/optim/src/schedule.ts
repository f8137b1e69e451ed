/** Learning rate over a run: `progress` in [0, 1] is how much of it is done. */
export type Schedule = (progress: number) => number;

/**
 * Linear warm-up, then half a cosine down to `floor` times the peak (Loshchilov & Hutter 2017, arXiv:1608.03983).
 *
 * @param warmup the part of the run that warms up, in [0, 1).
 */
export function cosineSchedule(peak: number, warmup = 0.05, floor = 0.02): Schedule {
  return (progress) => {
    if (progress < warmup) return (peak * Math.max(progress, warmup / 100)) / warmup;
    const phase = Math.min(1, (progress - warmup) / (1 - warmup));
    return peak * (floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * phase)));
  };
}

/** Decay of the weights' moving average: short while there is little to average, then `decay` (as in Tan & Le 2019). */
export function averageDecay(step: number, decay = 0.998): number {
  return Math.min(decay, (1 + step) / (10 + step));
}
