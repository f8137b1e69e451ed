import { reduceExtremum } from '../reduction.js';
import type { GradientRule } from '../rule.js';

/** d ReduceMin: to the smallest elements, in equal shares where several are. */
export const reduceMin: GradientRule = reduceExtremum;
