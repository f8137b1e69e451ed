import type { LabelledBox } from '@fovea/image';
import { type DetectionNetwork, positionsOf } from '@fovea/models';

/** Which positions answer for which box, as the loss wants it; arrays are written in place. */
export interface Targets {
  /** float32 [classes, P]: 1 where the position answers for a box of the class. */
  readonly classes: Float32Array;
  /** float32 [4, P], xyxy in pixels; meaningless where no box is assigned. */
  readonly boxes: Float32Array;
}

const candidatesPerLevel = 9;
/** Side of the square that stands for a position when its overlap with a box is judged, in strides. */
const anchorStrides = 6;

/**
 * Assigns boxes to positions by adaptive training sample selection (Zhang et al. 2020, arXiv:1912.02424): of each
 * level's positions nearest to a box's centre, those inside the box whose square overlaps it by at least the mean of
 * all candidates' overlaps. (The paper adds a standard deviation; more positions per box learn faster in the few steps
 * of a short run.) A position wanted by several boxes goes to the best overlap; a box that ends up with none gets the
 * nearest position still free.
 */
export function createAssigner(network: DetectionNetwork, classes: number) {
  const { width, height, strides } = network;
  const { x, y, stride } = positionsOf(network);
  const count = x.length;
  const levels: { start: number; columns: number; rows: number; stride: number }[] = [];
  let start = 0;
  for (const step of strides) {
    levels.push({ start, columns: width / step, rows: height / step, stride: step });
    start += (width / step) * (height / step);
  }
  const best = new Float32Array(count);
  const owner = new Int32Array(count);

  const overlap = (at: number, [x0, y0, x1, y1]: LabelledBox['box']) => {
    const half = (anchorStrides * stride[at]!) / 2;
    const w = Math.min(x1, x[at]! + half) - Math.max(x0, x[at]! - half);
    const h = Math.min(y1, y[at]! + half) - Math.max(y0, y[at]! - half);
    if (w <= 0 || h <= 0) return 0;
    return (w * h) / ((x1 - x0) * (y1 - y0) + 4 * half * half - w * h);
  };

  function candidates([x0, y0, x1, y1]: LabelledBox['box']): number[] {
    const cx = (x0 + x1) / 2;
    const cy = (y0 + y1) / 2;
    return levels.flatMap(({ start, columns, rows, stride }) => {
      const column = Math.floor(cx / stride);
      const row = Math.floor(cy / stride);
      const near: { at: number; distance: number }[] = [];
      for (let r = Math.max(0, row - 2); r <= Math.min(rows - 1, row + 2); r++)
        for (let c = Math.max(0, column - 2); c <= Math.min(columns - 1, column + 2); c++) {
          const at = start + r * columns + c;
          near.push({ at, distance: (x[at]! - cx) ** 2 + (y[at]! - cy) ** 2 });
        }
      near.sort((a, b) => a.distance - b.distance);
      return near.slice(0, candidatesPerLevel).map(({ at }) => at);
    });
  }

  /** @returns how many positions were assigned. */
  return function assign(boxes: readonly LabelledBox[], targets: Targets): number {
    best.fill(0);
    owner.fill(-1);
    targets.classes.fill(0);
    const inside = (at: number, box: LabelledBox['box']) =>
      x[at]! > box[0] && x[at]! < box[2] && y[at]! > box[1] && y[at]! < box[3];
    boxes.forEach(({ box }, index) => {
      const near = candidates(box);
      const overlaps = near.map((at) => overlap(at, box));
      const threshold = overlaps.reduce((a, b) => a + b, 0) / overlaps.length;
      near.forEach((at, i) => {
        if (overlaps[i]! < threshold || overlaps[i]! <= best[at]! || !inside(at, box)) return;
        best[at] = overlaps[i]!;
        owner[at] = index;
      });
    });
    const owned = new Set(owner);
    boxes.forEach(({ box }, index) => {
      if (owned.has(index)) return;
      const free = candidates(box)
        .filter((at) => owner[at] === -1)
        .sort((a, b) => overlap(b, box) - overlap(a, box))[0];
      if (free !== undefined) owner[free] = index;
    });
    let assigned = 0;
    for (let at = 0; at < count; at++) {
      const index = owner[at]!;
      if (index < 0) {
        for (let side = 0; side < 4; side++) targets.boxes[side * count + at] = 0;
        continue;
      }
      const { box, classIndex } = boxes[index]!;
      for (let side = 0; side < 4; side++) targets.boxes[side * count + at] = box[side]!;
      targets.classes[Math.min(classIndex, classes - 1) * count + at] = 1;
      assigned++;
    }
    return assigned;
  };
}
