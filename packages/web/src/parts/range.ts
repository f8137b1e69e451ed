/** The numbers 0 to `count - 1`: keys of things that have none of their own, such as skeletons. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
