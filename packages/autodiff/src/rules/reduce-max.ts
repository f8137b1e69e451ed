import { reduceExtremum } from '../reduction.js';
import type { GradientRule } from '../rule.js';

/** d ReduceMax: to the largest elements, in equal shares where several are. */
export const reduceMax: GradientRule = reduceExtremum;
