import type { GraphBuilder, Node, Value } from '@fovea/onnx';

/** What a gradient rule works with: one node of the forward graph and the gradients of its outputs. */
export interface GradientContext {
  readonly graph: GraphBuilder;
  readonly node: Node;
  readonly inputs: readonly (Value | null)[];
  readonly outputs: readonly Value[];
  /** d loss / d output, of the output's shape; `null` where the output does not reach the loss. */
  readonly gradients: readonly (Value | null)[];
  /** Which inputs a gradient is wanted for; the rule may leave the others out. */
  readonly needs: readonly boolean[];
}

/** d loss / d input for each input, of the input's shape; `null` where there is none. */
export type GradientRule = (context: GradientContext) => (Value | null)[];
