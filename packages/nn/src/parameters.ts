import type { GraphBuilder, Shape, Value } from '@fovea/onnx';
import { sizeOf } from '@fovea/onnx';
import type { Initializer } from './initializers.js';

/** One trainable tensor, or one buffer (a running statistic), and where it lies in the flat vector. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: Shape;
  readonly offset: number;
  readonly init: Initializer;
  /** Whether weight decay pulls on it; by custom not on biases and normalization scales. */
  readonly decay: boolean;
  /** Factor on the learning rate, 1 where absent: less than 1 for weights that come trained. */
  readonly rate?: number;
}

/** The parameters and buffers of a model, in the order in which building it asked for them. */
export interface ParameterLayout {
  readonly parameters: readonly ParameterSpec[];
  readonly buffers: readonly ParameterSpec[];
  /** Elements in all. */
  readonly size: number;
  readonly bufferSize: number;
}

/** Where the functions that build a model get their weights from. */
export interface ParameterSource {
  /** A trainable tensor; `decay` and `rate` as in {@link ParameterSpec}. */
  parameter(name: string, shape: Shape, init: Initializer, decay?: boolean, rate?: number): Value;
  buffer(name: string, shape: Shape, init: Initializer): Value;
}

/** What a building function works in: the graph, where weights come from, and whether statistics are the batch's. */
export interface BuildContext {
  readonly graph: GraphBuilder;
  readonly source: ParameterSource;
  readonly training: boolean;
  /** Batch statistics of normalization layers by buffer name, for the running ones; filled when training. */
  readonly statistics: Map<string, Value>;
}

/** Records what a model asks for while it is built once on a scratch graph; gives placeholders. */
export class RecordingSource implements ParameterSource {
  readonly #parameters: ParameterSpec[] = [];
  readonly #buffers: ParameterSpec[] = [];
  #size = 0;
  #bufferSize = 0;

  constructor(readonly graph: GraphBuilder) {}

  parameter(name: string, shape: Shape, init: Initializer, decay = true, rate = 1): Value {
    this.#parameters.push({ name, shape, offset: this.#size, init, decay, ...(rate === 1 ? {} : { rate }) });
    this.#size += sizeOf(shape);
    return this.graph.input(name, 'float32', shape);
  }

  buffer(name: string, shape: Shape, init: Initializer): Value {
    this.#buffers.push({ name, shape, offset: this.#bufferSize, init, decay: false });
    this.#bufferSize += sizeOf(shape);
    return this.graph.input(name, 'float32', shape);
  }

  get layout(): ParameterLayout {
    return { parameters: this.#parameters, buffers: this.#buffers, size: this.#size, bufferSize: this.#bufferSize };
  }
}

/** Cuts parameters out of flat vectors that are values of the graph, so that an optimizer is a few operators. */
export class FlatSource implements ParameterSource {
  readonly #specs: Map<string, ParameterSpec>;
  readonly #parameters = new Map<string, Value>();

  constructor(
    readonly graph: GraphBuilder,
    readonly flat: Value,
    readonly flatBuffers: Value,
    readonly layout: ParameterLayout,
  ) {
    this.#specs = new Map([...layout.parameters, ...layout.buffers].map((spec) => [spec.name, spec]));
  }

  #cut(vector: Value, name: string): Value {
    const { offset, shape } = this.#specs.get(name)!;
    const { graph } = this;
    const piece = graph.node('Slice', [
      vector,
      graph.ints([offset]),
      graph.ints([offset + sizeOf(shape)]),
      graph.ints([0]),
    ]);
    return shape.length === 1 ? piece : graph.node('Reshape', [piece, graph.ints(shape)]);
  }

  parameter(name: string): Value {
    const value = this.#parameters.get(name) ?? this.#cut(this.flat, name);
    this.#parameters.set(name, value);
    return value;
  }

  buffer(name: string): Value {
    return this.#cut(this.flatBuffers, name);
  }

  /** The parameters as the model uses them, in the order of the layout: what gradients are taken of. */
  get values(): Value[] {
    return this.layout.parameters.map(({ name }) => this.parameter(name));
  }

  /** Joins one value per parameter, in the order of the layout, into a flat vector; zeros for `null`. */
  flatten(values: readonly (Value | null)[]): Value {
    const { graph } = this;
    const pieces = this.layout.parameters.map(({ shape }, index) => {
      const value = values[index];
      const size = sizeOf(shape);
      if (!value) return graph.constant({ dtype: 'float32', shape: [size], data: new Float32Array(size) });
      return shape.length === 1 ? value : graph.node('Reshape', [value, graph.ints([size])]);
    });
    return graph.node('Concat', pieces, { axis: 0 });
  }
}

/** Bakes trained weights into the graph as initializers under their own names: what is saved and served. */
export class ConstantSource implements ParameterSource {
  readonly #specs: Map<string, ParameterSpec>;

  constructor(
    readonly graph: GraphBuilder,
    readonly weights: Float32Array,
    readonly buffers: Float32Array,
    layout: ParameterLayout,
  ) {
    this.#specs = new Map([...layout.parameters, ...layout.buffers].map((spec) => [spec.name, spec]));
  }

  #bake(vector: Float32Array, name: string): Value {
    const { offset, shape } = this.#specs.get(name)!;
    return this.graph.constant({ dtype: 'float32', shape, data: vector.slice(offset, offset + sizeOf(shape)) }, name);
  }

  parameter(name: string): Value {
    return this.#bake(this.weights, name);
  }

  buffer(name: string): Value {
    return this.#bake(this.buffers, name);
  }
}

/** Fresh values of all parameters, drawn from `random` in order; biases and the like as their initializers say. */
export function initialize(specs: readonly ParameterSpec[], size: number, random: () => number): Float32Array {
  const flat = new Float32Array(size);
  for (const { shape, offset, init } of specs) init(flat.subarray(offset, offset + sizeOf(shape)), shape, random);
  return flat;
}
