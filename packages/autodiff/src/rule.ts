import { type GraphBuilder, type Node, OnnxError, type Value } from '@fovea/onnx';

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
  /**
   * Has the node's one output computed another way from now on, of which the gradient uses parts again. `build` may use
   * what there was before the node, and what it makes may be used by all that comes after.
   */
  restate(build: () => Value): void;
}

/** d loss / d input for each input, of the input's shape; `null` where there is none. */
export type GradientRule = (context: GradientContext) => (Value | null)[];

/** An error about a form of an operator that its rule does not cover: `reason` completes "Node … (Op) …". */
export function uncovered(node: Node, reason: string): OnnxError {
  return new OnnxError(
    'unsupported_gradient',
    `Node "${node.name}" (${node.opType}) ${reason}, which has no gradient rule.`,
    { node: node.name, opType: node.opType },
  );
}
