import { type BuildContext, copyInit, type Initializer } from '@fovea/nn';
import { sizeOf, type Tensor, type Value } from '@fovea/onnx';

/** Trained tensors by parameter name, to begin with. */
export type TrainedTensors = ReadonlyMap<string, Tensor>;

/** How a scope changes what is built in it. */
export interface ScopeOptions {
  /** Goes before the names of all parameters and buffers. */
  readonly prefix?: string;
  /** What parameters and buffers start as, by their names without the prefix, where the shapes agree. */
  readonly trained?: TrainedTensors;
  /** For each class of this network the row it had in `trained`, `null` for a new one. */
  readonly rows?: readonly (number | null)[];
  /** Factor on the learning rate of what starts trained in whole, 1 by default. */
  readonly rate?: number;
  /** Which trained parameters stay as they are. */
  readonly frozen?: (name: string) => boolean;
}

/** Statistics recorded under prefixed names in another map. */
class PrefixedMap extends Map<string, Value> {
  constructor(
    readonly target: Map<string, Value>,
    readonly prefix: string,
  ) {
    super();
  }

  override set(name: string, value: Value): this {
    this.target?.set(this.prefix + name, value);
    return super.set(name, value);
  }
}

/** A context in which parameters have other names, and start as tensors trained before. */
export function scope(context: BuildContext, options: ScopeOptions): BuildContext {
  const { prefix = '', trained = new Map(), rows, rate = 1, frozen } = options;
  const { graph, source } = context;
  return {
    ...context,
    statistics: new PrefixedMap(context.statistics, prefix),
    source: {
      parameter(name, shape, init, decay, own = 1) {
        const tensor = trained.get(name);
        if (tensor && rows && classParameter.test(name))
          return source.parameter(prefix + name, shape, rowsInit(tensor, rows, init), decay, own);
        if (!tensor || `${tensor.shape}` !== `${shape}`)
          return source.parameter(prefix + name, shape, init, decay, own);
        if (frozen?.(name)) return graph.constant(tensor, prefix + name);
        return source.parameter(prefix + name, shape, copyInit(tensor), decay, own * rate);
      },
      buffer(name, shape, init) {
        const tensor = trained.get(name);
        const start = tensor && `${tensor.shape}` === `${shape}` ? copyInit(tensor) : init;
        return source.buffer(prefix + name, shape, start);
      },
    },
  };
}

/** Names of the parameters that have a row per class, in all heads. */
const classParameter = /(^|\.)(classes|class|score\.out)\.(weight|bias)$/;

/**
 * Starts a tensor of one row per class with the rows of `trained` that `rows` names, and as `fresh` says where it names
 * none, or where the rows are of another size.
 */
export function rowsInit(trained: Tensor, rows: readonly (number | null)[], fresh: Initializer): Initializer {
  return (out, shape, random) => {
    fresh(out, shape, random);
    const size = sizeOf(shape.slice(1));
    if (`${trained.shape.slice(1)}` !== `${shape.slice(1)}`) return;
    const data = trained.data as Float32Array;
    rows.forEach((row, index) => {
      if (row !== null) out.set(data.subarray(row * size, (row + 1) * size), index * size);
    });
  };
}
