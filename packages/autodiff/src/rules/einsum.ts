import { type GraphBuilder, parseEinsum, type Shape, stringAttribute, type Value } from '@fovea/onnx';
import { reshape } from '../broadcast.js';
import { repeated } from '../reduction.js';
import { type GradientRule, uncovered } from '../rule.js';

interface Operand {
  readonly value: Value;
  readonly labels: readonly string[];
}

/** An operand without its axes of length 1 that others broadcast. */
function squeezed(graph: GraphBuilder, { value, labels }: Operand, lengths: ReadonlyMap<string, number>): Operand {
  const own = labels.map((label, axis) => value.shape[axis] === lengths.get(label));
  const shape: Shape = value.shape.filter((_, axis) => own[axis]);
  return { value: reshape(graph, value, shape), labels: labels.filter((_, axis) => own[axis]) };
}

/**
 * d Einsum: for each operand, an Einsum of the gradient and the other operands with the operand's labels as its output;
 * axes that are summed in this operand alone are repeated. Not for a label twice in one operand (a diagonal).
 */
export const einsum: GradientRule = ({ graph, node, inputs, gradients: [g], needs }) => {
  const equation = stringAttribute(node.attributes, 'equation', '');
  const { operands, output, lengths } = parseEinsum(
    equation,
    inputs.map((input) => input!.shape),
    node.name,
  );
  if (operands.some((labels) => new Set(labels).size < labels.length))
    throw uncovered(node, `takes a diagonal ("${equation}")`);
  // Labels of an ellipsis are digits, which an equation cannot hold.
  const free = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'].filter((letter) => !lengths.has(letter));
  const digits = [...lengths.keys()].filter((label) => /\d/.test(label));
  const spelled = (labels: readonly string[]) =>
    labels.map((label) => (/\d/.test(label) ? free[digits.indexOf(label)]! : label)).join('');
  return inputs.map((input, i) => {
    if (!needs[i]) return null;
    const others = inputs.flatMap((value, j) =>
      j === i ? [] : [squeezed(graph, { value: value!, labels: operands[j]! }, lengths)],
    );
    const terms = [{ value: g!, labels: output }, ...others];
    const labels = operands[i]!;
    const target = labels.filter(
      (label, axis) => input!.shape[axis] === lengths.get(label) && terms.some((term) => term.labels.includes(label)),
    );
    const left = terms.map((term) => spelled(term.labels)).join(',');
    const result = graph.node(
      'Einsum',
      terms.map((term) => term.value),
      { equation: `${left}->${spelled(target)}` },
    );
    const kept = labels.map((label, axis) => (target.includes(label) ? input!.shape[axis]! : 1));
    return repeated(graph, reshape(graph, result, kept), input!.shape);
  });
};
