import { OnnxError } from '../error.js';
import { intAttribute, stringAttribute } from '../graph.js';
import type { DType, Shape } from '../tensor.js';
import { broadcastShapes, type InferenceRule, inputOf, mismatch, type NodeContext } from './rule.js';

function productShape(context: NodeContext, a: Shape, b: Shape): Shape {
  const batch = broadcastShapes(a.slice(0, -2), b.slice(0, -2));
  if (!batch || a.at(-1) !== b.at(-2)) throw mismatch(context, 'the inner axes differ');
  return [...batch, a.at(-2)!, b.at(-1)!];
}

const swap = (shape: Shape): Shape => [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!];

function matMul(right: number, typed?: (context: NodeContext) => DType): InferenceRule {
  return (context) => {
    const a = inputOf(context, 0);
    const b = inputOf(context, right);
    if (a.shape.length === 0 || b.shape.length === 0) throw mismatch(context, 'a scalar is no matrix');
    // A vector is a row on the left and a column on the right; the axis it gained goes again.
    const rows = a.shape.length === 1 ? [1, ...a.shape] : a.shape;
    const columns = b.shape.length === 1 ? [...b.shape, 1] : b.shape;
    const shape = [...productShape(context, rows, columns)];
    if (b.shape.length === 1) shape.pop();
    if (a.shape.length === 1) shape.splice(b.shape.length === 1 ? -1 : -2, 1);
    return [{ dtype: typed?.(context) ?? a.dtype, shape }];
  };
}

/** An einsum equation taken apart: the labels of each axis of each operand and of the output. */
export interface EinsumEquation {
  readonly operands: readonly (readonly string[])[];
  readonly output: readonly string[];
  /** Length of each label's axis. */
  readonly lengths: ReadonlyMap<string, number>;
}

/**
 * Reads an Einsum equation for operands of these shapes. The axes of an ellipsis become labels "0", "1", … counted from
 * its last axis; without "->" the output has the ellipsis, then the labels that occur once, in alphabetical order.
 *
 * @throws OnnxError `invalid_equation` where labels and axes do not agree.
 */
export function parseEinsum(equation: string, shapes: readonly Shape[], node: string): EinsumEquation {
  const fail = (reason: string) =>
    new OnnxError('invalid_equation', `Einsum "${node}" has the equation "${equation}": ${reason}.`);
  const compact = equation.replaceAll(/\s/g, '');
  const [left, right] = compact.split('->') as [string, string?];
  const terms = left.split(',');
  if (terms.length !== shapes.length) throw fail(`it is for ${terms.length} operands, not ${shapes.length}`);
  const lengths = new Map<string, number>();
  let widest = 0;
  const operands = terms.map((term, i) => {
    const shape = shapes[i]!;
    const letters = term.replace('...', '');
    if (!/^[A-Za-z]*$/.test(letters)) throw fail(`"${term}" is no list of labels`);
    const hidden = shape.length - letters.length;
    if (hidden < 0 || (hidden > 0 && letters.length === term.length))
      throw fail(`"${term}" does not label the ${shape.length} axes of operand ${i}`);
    widest = Math.max(widest, hidden);
    const [before, after] = (term.includes('...') ? term.split('...') : [term, '']) as [string, string];
    const dots = Array.from({ length: hidden }, (_, k) => String(hidden - 1 - k));
    return [...before, ...dots, ...after];
  });
  for (const [i, labels] of operands.entries())
    for (const [axis, label] of labels.entries()) {
      const length = shapes[i]![axis]!;
      const known = lengths.get(label) ?? 1;
      if (known !== 1 && length !== 1 && known !== length)
        throw fail(`axes "${label}" are ${known} and ${length} long`);
      lengths.set(label, known === 1 ? length : known);
    }
  const dots = Array.from({ length: widest }, (_, k) => String(widest - 1 - k));
  if (right === undefined) {
    const all = operands.flat().filter((label) => !/\d/.test(label));
    const single = [...new Set(all)].filter((label) => all.indexOf(label) === all.lastIndexOf(label)).sort();
    return { operands, output: [...dots, ...single], lengths };
  }
  const [before, after] = (right.includes('...') ? right.split('...') : [right, '']) as [string, string];
  const output = [...before, ...(right.includes('...') ? dots : []), ...after];
  for (const label of output) if (!lengths.has(label)) throw fail(`the output's "${label}" is in no operand`);
  return { operands, output, lengths };
}

const transposed = (context: NodeContext, name: string) => context.attributes[name] === 1;

/** Matrix products. */
export const products: Record<string, InferenceRule> = {
  MatMul: matMul(1),
  MatMulInteger: matMul(1, () => 'int32'),
  QLinearMatMul: matMul(3, (context) => inputOf(context, 7).dtype),
  FusedMatMul: (context) => {
    const a = inputOf(context, 0);
    const b = inputOf(context, 1);
    if (intAttribute(context.attributes, 'transBatchA', 0) || intAttribute(context.attributes, 'transBatchB', 0))
      throw mismatch(context, 'transBatchA and transBatchB are not supported');
    const rows = transposed(context, 'transA') ? swap(a.shape) : a.shape;
    const columns = transposed(context, 'transB') ? swap(b.shape) : b.shape;
    return [{ dtype: a.dtype, shape: productShape(context, rows, columns) }];
  },
  Gemm: (context) => {
    const a = inputOf(context, 0);
    const b = inputOf(context, 1);
    if (a.shape.length !== 2 || b.shape.length !== 2) throw mismatch(context, 'Gemm takes two matrices');
    const rows = transposed(context, 'transA') ? swap(a.shape) : a.shape;
    const columns = transposed(context, 'transB') ? swap(b.shape) : b.shape;
    const shape = productShape(context, rows, columns);
    const bias = context.inputs[2];
    const together = bias ? broadcastShapes(bias.shape, shape) : shape;
    if (!together || together.some((length, axis) => length !== shape[axis]))
      throw mismatch(context, `the bias does not broadcast to [${shape}]`);
    return [{ dtype: a.dtype, shape }];
  },
  Einsum: (context) => {
    const inputs = context.inputs.map((_, i) => inputOf(context, i));
    const shapes = inputs.map(({ shape }) => shape);
    const { output, lengths } = parseEinsum(stringAttribute(context.attributes, 'equation', ''), shapes, context.node);
    return [{ dtype: inputs[0]!.dtype, shape: output.map((label) => lengths.get(label)!) }];
  },
};
