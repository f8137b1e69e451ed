/**
 * A network input for pictures of these sizes: their median aspect ratio, multiples of `multiple`, about `budget` pixels,
 * never larger than the pictures are.
 */
export function chooseInputSize(
  sizes: readonly { width: number; height: number }[],
  budget: number,
  multiple = 32,
): { width: number; height: number } {
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? 1;
  const aspect = Math.min(4, Math.max(0.25, median(sizes.map(({ width, height }) => width / height))));
  const area = Math.min(budget, median(sizes.map(({ width, height }) => width * height)));
  const round = (side: number) => Math.max(64, Math.round(side / multiple) * multiple);
  return { width: round(Math.sqrt(area * aspect)), height: round(Math.sqrt(area / aspect)) };
}
