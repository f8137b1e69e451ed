import { extremum } from '../extremum.js';
import type { GradientRule } from '../rule.js';

/** d max(a, b, …): the gradient to the largest. */
export const max: GradientRule = (context) => extremum(context, 'GreaterOrEqual');
