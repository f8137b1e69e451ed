import type { Attributes, GraphBuilder, Shape, Value } from '@fovea/onnx';

/**
 * One way to call an operator, that its gradient rule is held to: the contract suite compares the gradient of a weighted
 * sum of its output, for each input, against central differences.
 */
export interface GradientCase {
  readonly op: string;
  /** What is particular about it. */
  readonly name: string;
  /** Of the inputs that a gradient is taken for; constants are made in `build`. */
  readonly shapes: readonly Shape[];
  readonly build: (graph: GraphBuilder, ...inputs: Value[]) => Value;
  /** Values are drawn from here, evenly; -2 to 2 by default. */
  readonly range?: readonly [number, number];
  /** Points where the operator is not smooth: values are kept 0.1 away from them. */
  readonly kinks?: readonly number[];
  /** All values differ by more than the step of the differences, so that an order among them is kept. */
  readonly distinct?: boolean;
  /** Operator set of the forward graph, where the operator is newer than 17; the rule then works from the inputs. */
  readonly opset?: number;
  /** What the differences are taken of, where the operator itself is a step function (straight-through gradients). */
  readonly surrogate?: (graph: GraphBuilder, ...inputs: Value[]) => Value;
  /** Whether the same tensor may stand for two inputs of one shape; yes by default. */
  readonly alias?: boolean;
}

/** Makes cases of one operator short to write. */
export const caseOf = (
  op: string,
  name: string,
  shapes: readonly Shape[],
  build: GradientCase['build'],
  rest: Partial<GradientCase> = {},
): GradientCase => ({ op, name, shapes, build, ...rest });

/** The operator on just the inputs. */
export const on =
  (opType: string, attributes: Attributes = {}, domain = ''): GradientCase['build'] =>
  (graph, ...inputs) =>
    graph.node(opType, inputs, attributes, domain);
