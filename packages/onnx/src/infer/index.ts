import { OnnxError } from '../error.js';
import { cutting } from './cut.js';
import { elementwise } from './elementwise.js';
import { gathering } from './gather.js';
import { normalizations } from './normalization.js';
import { products } from './product.js';
import { quantizing } from './quantize.js';
import { reducing } from './reduce.js';
import { resizing } from './resize.js';
import type { InferenceRule, Inferred, NodeContext } from './rule.js';
import { shaping } from './shape.js';
import { windows } from './window.js';

export { type SliceRange, sliceRanges } from './cut.js';
export { type EinsumEquation, parseEinsum } from './product.js';
export { broadcastShapes, normalizeAxis } from './rule.js';
export { explicitPads, transposedWindowOf, type WindowAttributes, windowOf } from './window.js';

const rules: Record<string, InferenceRule> = {
  ...elementwise,
  ...windows,
  ...products,
  ...normalizations,
  ...reducing,
  ...shaping,
  ...cutting,
  ...gathering,
  ...resizing,
  ...quantizing,
};

/** Operators whose output shape is known only when they run, or that hold graphs of their own. */
const unknowable: Record<string, string> = {
  NonZero: 'how many elements are not zero is known only when it runs',
  NonMaxSuppression: 'how many boxes are kept is known only when it runs',
  Unique: 'how many values are distinct is known only when it runs',
  Compress: 'how many elements are taken is known only when it runs',
  StringSplit: 'how many parts there are is known only when it runs',
  If: 'it holds graphs of its own',
  Loop: 'it holds a graph of its own',
  Scan: 'it holds a graph of its own',
};

/** Operators whose output types and shapes Fovea infers. */
export const inferredOperators: readonly string[] = Object.keys(rules).sort();

/**
 * Types and shapes of a node's outputs.
 *
 * @throws OnnxError `dynamic_shape` for an operator whose shapes depend on the data, or a constant that is none;
 *   `unknown_operator` for one without a rule; `shape_mismatch`, `missing_input`, `missing_attribute`, `invalid_axis`,
 *   `invalid_equation`, `unsupported_attribute` or `unsupported_constant` for what does not fit; each names the node.
 */
export function inferOutputs(opType: string, context: NodeContext): Inferred[] {
  if (Object.hasOwn(unknowable, opType))
    throw new OnnxError(
      'dynamic_shape',
      `The shape cannot be inferred: node "${context.node}" is a ${opType}; ${unknowable[opType]}.`,
      { node: context.node, opType },
    );
  const rule = Object.hasOwn(rules, opType) ? rules[opType] : undefined;
  if (!rule)
    throw new OnnxError(
      'unknown_operator',
      `Node "${context.node}" is a ${opType}, whose shapes Fovea cannot infer; it knows ${inferredOperators.join(', ')}.`,
      { opType },
    );
  return rule(context);
}
