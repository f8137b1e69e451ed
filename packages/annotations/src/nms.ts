/**
 * Greedy non-maximum suppression: take boxes by falling score, drop those that overlap one already taken by more than
 * `iouThreshold`. Class-agnostic; for one pass per class, call it per class.
 *
 * @param boxes [N, 4] xyxy, any one unit
 * @param scores [N]; entries that are NaN are never kept
 * @param iouThreshold in [0, 1]
 * @param maxKeep stop after this many (default: all)
 * @returns indices of the kept boxes by falling score, equal scores in input order; empty for empty input
 */
export function nms(boxes: Float32Array, scores: Float32Array, iouThreshold: number, maxKeep = Infinity): Uint32Array {
  const count = scores.length;
  const areas = new Float64Array(count);
  const order: number[] = [];
  for (let i = 0; i < count; i++) {
    if (Number.isNaN(scores[i])) continue;
    order.push(i);
    areas[i] = Math.max(0, boxes[i * 4 + 2]! - boxes[i * 4]!) * Math.max(0, boxes[i * 4 + 3]! - boxes[i * 4 + 1]!);
  }
  order.sort((a, b) => scores[b]! - scores[a]! || a - b);

  const kept: number[] = [];
  for (const i of order) {
    if (kept.length >= maxKeep) break;
    const [x0, y0, x1, y1] = [boxes[i * 4]!, boxes[i * 4 + 1]!, boxes[i * 4 + 2]!, boxes[i * 4 + 3]!];
    let isFree = true;
    for (const k of kept) {
      const width = Math.min(x1, boxes[k * 4 + 2]!) - Math.max(x0, boxes[k * 4]!);
      const height = Math.min(y1, boxes[k * 4 + 3]!) - Math.max(y0, boxes[k * 4 + 1]!);
      if (width <= 0 || height <= 0) continue;
      const common = width * height;
      if (common > iouThreshold * (areas[i]! + areas[k]! - common)) {
        isFree = false;
        break;
      }
    }
    if (isFree) kept.push(i);
  }
  return Uint32Array.from(kept);
}
