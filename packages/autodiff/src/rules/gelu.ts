import { type GraphBuilder, stringAttribute, type Value } from '@fovea/onnx';
import { scaled } from '../broadcast.js';
import type { GradientRule } from '../rule.js';

/** Phi(x) + x phi(x), with Phi and phi the normal distribution and its density. */
function exact(graph: GraphBuilder, x: Value): Value {
  const number = (value: number) => graph.scalar(value, x.dtype);
  const erf = graph.node('Erf', [scaled(graph, x, Math.SQRT1_2)]);
  const distribution = scaled(graph, graph.node('Add', [erf, number(1)]), 0.5);
  const bell = graph.node('Exp', [scaled(graph, graph.node('Mul', [x, x]), -0.5)]);
  const density = scaled(graph, graph.node('Mul', [x, bell]), 1 / Math.sqrt(2 * Math.PI));
  return graph.node('Add', [distribution, density]);
}

/** (1 + t) / 2 + x / 2 (1 - t^2) u' with t = tanh u, u = sqrt(2 / pi) (x + 0.044715 x^3). */
function byTanh(graph: GraphBuilder, x: Value): Value {
  const number = (value: number) => graph.scalar(value, x.dtype);
  const affine = (value: Value, factor: number, offset: number) =>
    graph.node('Add', [scaled(graph, value, factor), number(offset)]);
  const root = Math.sqrt(2 / Math.PI);
  const square = graph.node('Mul', [x, x]);
  const t = graph.node('Tanh', [graph.node('Mul', [x, affine(square, 0.044715 * root, root)])]);
  const slope = graph.node('Mul', [x, affine(square, 1.5 * 0.044715 * root, 0.5 * root)]);
  const rest = graph.node('Sub', [number(1), graph.node('Mul', [t, t])]);
  return graph.node('Add', [affine(t, 0.5, 0.5), graph.node('Mul', [slope, rest])]);
}

/**
 * d Gelu, x Phi(x) (Hendrycks & Gimpel 2016, arXiv:1606.08415), or its approximation by tanh: the standard's operator
 * (operator set 20) and com.microsoft's. Works from the input alone.
 */
export const gelu: GradientRule = ({ graph, node, inputs: [x], gradients: [g] }) => {
  const approximate = stringAttribute(node.attributes, 'approximate', 'none') === 'tanh';
  return [graph.node('Mul', [g!, (approximate ? byTanh : exact)(graph, x!)])];
};
