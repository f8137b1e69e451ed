import type { Node } from '../graph.js';
import { sizeOf, type Tensor } from '../tensor.js';
import { arithmetic } from './arithmetic.js';
import { arrange } from './arrange.js';
import type { Evaluator } from './evaluator.js';
import { quantize } from './quantize.js';
import { reductions } from './reduce.js';
import { scatter } from './scatter.js';

const evaluators: Record<string, Evaluator> = { ...arithmetic, ...arrange, ...reductions, ...scatter, ...quantize };

/** Operators of the standard's set that Fovea computes itself where their inputs are constant. */
export const foldedOperators: readonly string[] = Object.keys(evaluators).sort();

/** Results larger than this and than all inputs together are left to the runtime: a file need not hold them. */
const largestResult = 1 << 20;

/**
 * Computes a node (operator set 17) whose inputs are all constant; `null` is an input left out.
 *
 * @returns its outputs in order, or `undefined` where Fovea does not compute it: another operator, a large result made
 *   of little, integer division by zero and the like.
 */
export function evaluateNode(node: Node, inputs: readonly (Tensor | null)[]): readonly Tensor[] | undefined {
  if (node.domain !== '') return undefined;
  const evaluate = Object.hasOwn(evaluators, node.opType) ? evaluators[node.opType] : undefined;
  if (!evaluate || isTooLarge(node, inputs)) return undefined;
  return evaluate(node, inputs);
}

/** Whether one of the few operators that make much of little would do so. */
function isTooLarge({ opType }: Node, inputs: readonly (Tensor | null)[]): boolean {
  const product = (tensor: Tensor | null | undefined) =>
    tensor ? Array.prototype.reduce.call(tensor.data, (all, n) => (all as number) * Number(n), 1) : 0;
  const numberOf = (tensor: Tensor | null | undefined) => Number(tensor?.data[0] ?? Number.NaN);
  const [first, second, third] = inputs;
  switch (opType) {
    case 'ConstantOfShape':
      return !((product(first) as number) <= largestResult);
    case 'Expand':
    case 'Tile':
      return !((product(second) as number) * sizeOf(first?.shape ?? []) <= largestResult);
    case 'Range':
      return !((numberOf(second) - numberOf(first)) / numberOf(third) <= largestResult);
    case 'Gather':
    case 'GatherND':
      return sizeOf(second?.shape ?? []) * sizeOf(first?.shape ?? []) > 64 * largestResult;
    default: {
      // Inputs broadcast against one another can make much; everything else is no larger than its inputs.
      const given = inputs.reduce((all, tensor) => all + sizeOf(tensor?.shape ?? []), 0);
      return Object.hasOwn(arithmetic, opType) && broadcastSize(inputs) > Math.max(given, largestResult);
    }
  }
}

function broadcastSize(inputs: readonly (Tensor | null)[]): number {
  const rank = Math.max(0, ...inputs.map((tensor) => tensor?.shape.length ?? 0));
  let size = 1;
  for (let axis = 1; axis <= rank; axis++) size *= Math.max(1, ...inputs.map((tensor) => tensor?.shape.at(-axis) ?? 1));
  return size;
}
