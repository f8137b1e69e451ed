import type { DType, Shape, Tensor } from './tensor.js';

/** Marks a number as a FLOAT attribute; a bare number is an INT, since JavaScript cannot tell 1 from 1.0. */
export class Float {
  constructor(readonly value: number) {}
}

/** Marks a list as FLOATS; a bare list of numbers is INTS. */
export class Floats {
  constructor(readonly values: readonly number[]) {}
}

/** A FLOAT attribute. */
export const float = (value: number): Float => new Float(value);

/** The value of a node's attribute: INT, FLOAT, STRING, TENSOR, INTS, FLOATS, STRINGS or GRAPH. */
export type Attribute = number | Float | string | Tensor | readonly number[] | Floats | readonly string[] | Graph;

/** A node's attributes by name. */
export type Attributes = Readonly<Record<string, Attribute>>;

/** One operator call; an input of `''` is an optional input left out. */
export interface Node {
  readonly opType: string;
  readonly domain: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** A named input or output; an axis that is a string is symbolic, a missing shape is unknown. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape?: readonly (number | string)[];
}

/** A graph as the file holds it: nodes in an order in which every input is computed before its use. */
export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

/** A model file: the graph, the operator sets it uses by domain (`''` is the standard's), and free text by key. */
export interface Model {
  readonly irVersion: number;
  readonly producer: string;
  readonly opsets: ReadonlyMap<string, number>;
  readonly graph: Graph;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The INT attribute `name`, or `fallback` where it is absent. */
export function intAttribute(attributes: Attributes, name: string, fallback: number): number {
  const value = attributes[name];
  return typeof value === 'number' ? value : fallback;
}

/** The FLOAT attribute `name`, or `fallback` where it is absent. */
export function floatAttribute(attributes: Attributes, name: string, fallback: number): number {
  const value = attributes[name];
  return value instanceof Float ? value.value : fallback;
}

/** The STRING attribute `name`, or `fallback` where it is absent. */
export function stringAttribute(attributes: Attributes, name: string, fallback: string): string {
  const value = attributes[name];
  return typeof value === 'string' ? value : fallback;
}

/** The INTS attribute `name`, or `undefined` where it is absent. */
export function intsAttribute(attributes: Attributes, name: string): readonly number[] | undefined {
  const value = attributes[name];
  return Array.isArray(value) ? (value as number[]) : undefined;
}

/** A tensor whose type and static shape are known while a graph is being built. */
export interface Value {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}
