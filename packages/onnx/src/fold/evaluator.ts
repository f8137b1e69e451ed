import type { Node } from '../graph.js';
import type { Tensor } from '../tensor.js';

/**
 * Computes a node of constant inputs (`null`: left out). `undefined` where the result is better left to the runtime: a
 * type or a combination this evaluator does not have, or a value the standard does not define.
 */
export type Evaluator = (node: Node, inputs: readonly (Tensor | null)[]) => readonly Tensor[] | undefined;
