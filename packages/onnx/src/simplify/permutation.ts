/** An order of axes: axis `i` of the result is axis `order[i]` of the source. */
export type Order = readonly number[];

/** Whether these are all axes of a tensor, each once. */
export function isOrder(order: Order, rank: number = order.length): boolean {
  return order.length === rank && [...order].sort((a, b) => a - b).every((axis, i) => axis === i);
}

/** The order that undoes `order`. */
export function inverse(order: Order): number[] {
  const result = new Array<number>(order.length);
  order.forEach((axis, i) => {
    result[axis] = i;
  });
  return result;
}

/** The order that is `first`, then `second`. */
export function chained(first: Order, second: Order): number[] {
  return second.map((axis) => first[axis]!);
}

/** Whether nothing moves. */
export function isIdentity(order: Order): boolean {
  return order.every((axis, i) => axis === i);
}

/** One number per axis of the result, told per axis of the source. */
export function unmoved<T>(values: readonly T[], order: Order): T[] {
  return inverse(order).map((axis) => values[axis]!);
}

/** The order of the axes that are left when `gone` (axes of the result) go from the result and from its source. */
export function without(order: Order, gone: readonly number[]): number[] {
  const left = order.filter((_, axis) => !gone.includes(axis));
  const ranked = [...left].sort((a, b) => a - b);
  return left.map((axis) => ranked.indexOf(axis));
}

/** The order after new axes of length 1 were put in at `places`, in the result and in the source alike. */
export function withNew(order: Order, places: readonly number[]): number[] {
  const rank = order.length + places.length;
  const old = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !places.includes(axis));
  const result = Array.from({ length: rank }, (_, axis) => axis);
  old.forEach((axis, i) => {
    result[axis] = old[order[i]!]!;
  });
  return result;
}
