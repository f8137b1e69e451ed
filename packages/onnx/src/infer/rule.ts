import { OnnxError } from '../error.js';
import type { Attributes, Value } from '../graph.js';
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
      `Input ${index} ("${value.name}") of node "${context.node}" decides a shape, so it must be a constant here.`,
    );
  return numbersOf(tensor);
}

/** An error about shapes that do not go together. */
export function mismatch(context: NodeContext, reason: string): OnnxError {
  const shapes = context.inputs.map((value) => (value ? `[${value.shape}]` : '-')).join(', ');
  return new OnnxError('shape_mismatch', `Node "${context.node}" got shapes ${shapes}: ${reason}.`);
}

/** `axis` counted from the front; throws where it lies outside the rank. */
export function normalizeAxis(axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (positive < 0 || positive >= Math.max(rank, 1))
    throw new OnnxError('invalid_axis', `Axis ${axis} lies outside a tensor of ${rank} axes.`);
  return positive;
}

/** Shape of an elementwise operation over `shapes` (NumPy's broadcasting). */
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
