import { extremum } from '../extremum.js';
import type { GradientRule } from '../rule.js';

/** d min(a, b, …): the gradient to the smallest. */
export const min: GradientRule = (context) => extremum(context, 'LessOrEqual');
