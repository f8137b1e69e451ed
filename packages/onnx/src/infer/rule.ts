import { OnnxError } from '../error.js';
import { type Attributes, intAttribute, type Value } from '../graph.js';
import { type DType, numbersOf, type Shape, type Tensor } from '../tensor.js';

/** What an inference rule sees of a node. */
export interface NodeContext {
  readonly node: string;
  readonly domain: string;
  readonly inputs: readonly (Value | null)[];
  readonly attributes: Attributes;
  readonly outputs: number;
  readonly tensorOf: (value: Value | null | undefined) => Tensor | undefined;
}

/** Type and shape of one output. */
export interface Inferred {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Types and shapes of a node's outputs from those of its inputs. */
export type InferenceRule = (context: NodeContext) => Inferred[];

/** The input at `index`, or an error that names the node. */
export function inputOf(context: NodeContext, index: number): Value {
  const value = context.inputs[index];
  if (!value) throw new OnnxError('missing_input', `Node "${context.node}" lacks its input ${index}.`);
  return value;
}

/** The numbers of a constant input (a shape, axes, pads); `undefined` where the input is left out. */
export function constantOf(context: NodeContext, index: number): number[] | undefined {
  const value = context.inputs[index];
  if (!value) return undefined;
  const tensor = context.tensorOf(value);
  if (!tensor)
    throw new OnnxError(
      'dynamic_shape',
      `The shape cannot be inferred: input ${index} ("${value.name}") of node "${context.node}" decides it, so it ` +
        'must be a constant here.',
    );
  return numbersOf(tensor);
}

/** The numbers of a constant input that must be there. */
export function requiredConstantOf(context: NodeContext, index: number): number[] {
  inputOf(context, index);
  return constantOf(context, index)!;
}

/** An error about shapes that do not go together. */
export function mismatch(context: NodeContext, reason: string): OnnxError {
  const shapes = context.inputs.map((value) => (value ? `[${value.shape}]` : '-')).join(', ');
  return new OnnxError('shape_mismatch', `Node "${context.node}" got shapes ${shapes}: ${reason}.`);
}

/** An error about an attribute that Fovea does not work with. */
export function unsupported(context: NodeContext, reason: string): OnnxError {
  return new OnnxError('unsupported_attribute', `Node "${context.node}" ${reason}.`, { node: context.node });
}

/** Throws `shape_mismatch` unless input 0 has at least (or, with `exact`, just) so many axes. */
export function requireRank(context: NodeContext, rank: number, exact = false): Value {
  const x = inputOf(context, 0);
  if (exact ? x.shape.length !== rank : x.shape.length < rank)
    throw mismatch(context, `its input must have ${exact ? '' : 'at least '}${rank} axes`);
  return x;
}

/** `axis` counted from the front; throws `invalid_axis` where it lies outside the rank. */
export function normalizeAxis(axis: number, rank: number, node?: string): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || positive < 0 || positive >= Math.max(rank, 1))
    throw new OnnxError(
      'invalid_axis',
      `Axis ${axis}${node === undefined ? '' : ` of node "${node}"`} lies outside a tensor of ${rank} axes.`,
    );
  return positive;
}

/** The attribute `axis` counted from the front of a tensor of `rank` axes. */
export function axisOf(context: NodeContext, fallback: number, rank: number): number {
  return normalizeAxis(intAttribute(context.attributes, 'axis', fallback), rank, context.node);
}

/** Shape of an elementwise operation over `shapes` (NumPy's broadcasting); `undefined` where they do not go together. */
export function broadcastShapes(...shapes: readonly Shape[]): Shape | undefined {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const result = new Array<number>(rank).fill(1);
  for (const shape of shapes)
    for (let i = 0; i < shape.length; i++) {
      const at = rank - shape.length + i;
      const length = shape[i]!;
      if (length === 1 || length === result[at]) continue;
      if (result[at] !== 1) return undefined;
      result[at] = length;
    }
  return result;
}

/** The rule of an operator with one output, of the type and shape of its first input. */
export const sameAsFirst: InferenceRule = (context) => {
  const { dtype, shape } = inputOf(context, 0);
  return [{ dtype, shape }];
};
