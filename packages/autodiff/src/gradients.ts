import { type GraphBuilder, type Node, OnnxError, tensorOf, type Value } from '@fovea/onnx';
import { rules, withoutGradient } from './rules/index.js';

/** Operators a gradient can be taken through. */
export const differentiable: readonly string[] = Object.keys(rules).sort();

/** Names of values that depend on one of `sources`, through operators that pass gradients on. */
function dependents(nodes: readonly Node[], sources: readonly Value[], stops: ReadonlySet<string>): Set<string> {
  const reached = new Set(sources.map((value) => value.name));
  for (const node of nodes)
    if (!withoutGradient.has(node.opType) && node.inputs.some((input) => reached.has(input)))
      for (const output of node.outputs) if (!stops.has(output)) reached.add(output);
  return reached;
}

/** The error about node `index` of a graph, whose operator has no rule: what it is, where it stands, what there is. */
function withoutRule(nodes: readonly Node[], index: number): OnnxError {
  const { name, opType, domain, inputs, outputs } = nodes[index]!;
  const named = (found: readonly Node[], none: string) =>
    found.length === 0
      ? none
      : found
          .slice(0, 4)
          .map((node) => `"${node.name}" (${node.opType})`)
          .join(', ') + (found.length > 4 ? ` and ${found.length - 4} more` : '');
  const before = named(
    nodes.filter((node) => node.outputs.some((output) => output !== '' && inputs.includes(output))),
    'the inputs',
  );
  const after = named(
    nodes.filter((node) => node.inputs.some((input) => input !== '' && outputs.includes(input))),
    'no node',
  );
  return new OnnxError(
    'unsupported_gradient',
    `Node "${name}" (${domain ? `${domain}.` : ''}${opType}), number ${index + 1} of ${nodes.length}, after ${before} and ` +
      `before ${after}, stands between the loss and what is trained, and has no gradient rule; covered are ` +
      `${differentiable.join(', ')}.`,
    { node: name, opType, domain, index, nodes: nodes.length, inputs, outputs },
  );
}

/**
 * Appends to `graph` the nodes that compute d loss / d source for each source: reverse accumulation, node by node from
 * the loss back (Griewank & Walther, Evaluating Derivatives, 2008, chapter 3).
 *
 * @param loss a scalar.
 * @param stops values taken as constants: nothing flows back through them.
 * @returns one gradient per source, of its shape; `null` for a source the loss does not depend on.
 * @throws OnnxError `unsupported_gradient` where an operator on the way has no rule, naming the node and what is covered.
 */
export function addGradients(
  graph: GraphBuilder,
  loss: Value,
  sources: readonly Value[],
  stops: readonly Value[] = [],
): (Value | null)[] {
  if (loss.shape.length !== 0)
    throw new OnnxError('invalid_loss', `The loss "${loss.name}" has shape [${loss.shape}]; it must be a scalar.`);
  const forward = [...graph.nodes];
  const wanted = dependents(forward, sources, new Set(stops.map((value) => value.name)));
  const gradients = new Map<string, Value>();
  const accumulate = (name: string, gradient: Value) => {
    const known = gradients.get(name);
    gradients.set(name, known ? graph.node('Add', [known, gradient]) : gradient);
  };
  accumulate(loss.name, graph.constant(tensorOf(loss.dtype, [1], [])));

  return graph.scoped('gradient', () => {
    for (let i = forward.length - 1; i >= 0; i--) {
      const node = forward[i]!;
      if (withoutGradient.has(node.opType) || !node.inputs.some((input) => wanted.has(input))) continue;
      const outputs = node.outputs.map((name) => graph.values.get(name)!);
      const flowing = node.outputs.map((name) => gradients.get(name) ?? null);
      if (flowing.every((gradient) => gradient === null)) continue;
      const rule = Object.hasOwn(rules, node.opType) ? rules[node.opType] : undefined;
      if (!rule) throw withoutRule(forward, i);
      const inputs = node.inputs.map((name) => (name ? graph.values.get(name)! : null));
      const needs = node.inputs.map((name) => wanted.has(name));
      const restate = (build: () => Value) => graph.replace(node, build);
      const results = rule({ graph, node, inputs, outputs, gradients: flowing, needs, restate });
      results.forEach((gradient, index) => {
        if (gradient && needs[index]) accumulate(node.inputs[index]!, gradient);
      });
    }
    return sources.map((source) => gradients.get(source.name) ?? null);
  });
}
