import { OnnxError } from '../error.js';
import { arrange } from './arrange.js';
import { elementwise } from './elementwise.js';
import { linear } from './linear.js';
import type { InferenceRule, Inferred, NodeContext } from './rule.js';

const rules: Record<string, InferenceRule> = { ...elementwise, ...linear, ...arrange };

/** Operators whose output types and shapes Fovea infers. */
export const inferredOperators: readonly string[] = Object.keys(rules).sort();

/**
 * Types and shapes of a node's outputs.
 *
 * @throws OnnxError `unknown_operator` for an operator without a rule; `shape_mismatch`, `missing_input` or
 *   `dynamic_shape` for inputs that do not fit; each names the node.
 */
export function inferOutputs(opType: string, context: NodeContext): Inferred[] {
  const rule = Object.hasOwn(rules, opType) ? rules[opType] : undefined;
  if (!rule)
    throw new OnnxError(
      'unknown_operator',
      `Node "${context.node}" is a ${opType}, whose shapes Fovea cannot infer; it knows ${inferredOperators.join(', ')}.`,
      { opType },
    );
  return rule(context);
}
