import { dtypeNumbers, type Shape, sizeOf, type Value } from '@fovea/onnx';
import { NnError } from '../error.js';
import type { BuildContext } from '../parameters.js';

/** A context that layers with chance in them can be built in. */
export interface RandomContext extends BuildContext {
  /**
   * What chance depends on: int64 [1], in [0, 2^32), an input of the training graph that is another number every step and
   * in every worker.
   *
   * The numbers are computed in the graph from this seed, the layer's name and the element's place, and from nothing
   * else, so that a run that is resumed with the seeds of its steps repeats exactly. (ONNX's Dropout keeps a generator in
   * the session, which cannot be set or saved.)
   */
  readonly seed?: Value;
}

/** The Mersenne prime 2^31 - 1: squares of residues fit into 64 bits. */
const prime = 2 ** 31 - 1;

/** FNV-1a (Fowler, Noll & Vo) of a name, below 2^31. */
function hashOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return (hash >>> 1) % prime;
}

/**
 * Whole numbers spread evenly over [0, 2^31 - 1), int64 of `shape`, equal for equal seeds and names: a line over the
 * elements, squared twice modulo the prime, with offsets that depend on the seed (after Blum, Blum & Shub 1986; good
 * enough for masks, not for secrets).
 */
function chance({ graph, seed }: Required<RandomContext>, name: string, shape: Shape): Value {
  const op = (kind: string, ...inputs: Value[]) => graph.node(kind, inputs);
  const whole = (value: number) => graph.scalar(value, 'int64');
  const residue = (value: Value) => op('Mod', value, whole(prime));
  const hash = hashOf(name);
  const offset = (part: Value, factor: number, start: number) =>
    residue(op('Add', op('Mul', part, whole(factor)), whole(start)));
  const first = offset(seed, 1_000_003, hash);
  // Seeds that are alike modulo the prime differ here.
  const second = offset(op('Div', seed, whole(2 ** 16)), 69_621, (hash ^ 0x2545f491) >>> 1);
  const places = op('Range', whole(0), whole(sizeOf(shape)), whole(1));
  // A factor around the golden section of the prime spreads neighbours.
  let x = residue(op('Add', op('Mul', places, whole(1_327_217_885)), first));
  x = residue(op('Add', op('Mul', x, x), second));
  x = residue(op('Add', op('Mul', x, x), first));
  return op('Reshape', x, graph.ints(shape));
}

/**
 * Dropout (Srivastava et al. 2014): in training each element is 0 with probability `rate`, the others are divided by 1 -
 * rate; otherwise `x` itself.
 *
 * @param name of the layer: others draw other numbers.
 * @param rate in [0, 1).
 * @param shape of the mask, broadcast over x; of x by default. [N, 1, 1, 1] drops whole examples: see `dropPath`.
 * @throws NnError `invalid_option`; `missing_seed` where a context in training has none.
 */
export function dropout(context: RandomContext, name: string, x: Value, rate: number, shape: Shape = x.shape): Value {
  if (!(rate >= 0 && rate < 1))
    throw new NnError('invalid_option', `The dropout rate of "${name}" is ${rate}; it must be at least 0 and below 1.`);
  const { graph, seed, training } = context;
  if (!training || rate === 0) return x;
  if (!seed)
    throw new NnError(
      'missing_seed',
      `"${name}" drops at random, so the context it is built in for training must have a seed, an int64 [1] input.`,
      { name },
    );
  const kept = graph.node('Less', [
    chance({ ...context, seed }, name, shape),
    graph.scalar(Math.round((1 - rate) * prime), 'int64'),
  ]);
  const mask = graph.node('Mul', [
    graph.node('Cast', [kept], { to: dtypeNumbers.float32 }),
    graph.scalar(1 / (1 - rate)),
  ]);
  return graph.node('Mul', [x, mask]);
}

/**
 * Stochastic depth (Huang et al. 2016, arXiv:1603.09382): in training whole examples of a residual branch `x` [N, ...] are 0
 * with probability `rate`, the others are divided by 1 - rate; otherwise `x` itself.
 *
 * @throws NnError as `dropout`.
 */
export function dropPath(context: RandomContext, name: string, x: Value, rate: number): Value {
  return dropout(
    context,
    name,
    x,
    rate,
    x.shape.map((length, axis) => (axis === 0 ? length : 1)),
  );
}
