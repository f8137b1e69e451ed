import type { Xyxy } from '@fovea/annotations';
import { maskArea, maskBounds } from './mask.js';
import { leastSide, leastVisible } from './move.js';
import { fillRings, ringOf } from './polygon.js';
import type { InstanceMask, LabelledBox } from './sample.js';

/**
 * What boxes become where part of the canvas is covered by something else: what is mostly covered goes, the rest shrinks
 * to what is still seen, an outline becomes the mask of that, and a covered key point is labelled but hidden.
 *
 * @param cover [height * width], 1 where covered
 */
export function occlude(
  boxes: readonly LabelledBox[],
  cover: Uint8Array,
  width: number,
  height: number,
): LabelledBox[] {
  return boxes.flatMap((labelled) => {
    const { polygons, mask, keypoints, ...rest } = labelled;
    const whole = mask ?? fillRings(polygons ?? [ringOf(labelled.box)], width, height);
    const seen = without(whole, cover, width);
    const [before, after] = [maskArea(whole), maskArea(seen)];
    if (after === before) return [labelled];
    const bounds = maskBounds(seen);
    if (!bounds || after < leastVisible * before) return [];
    const box = withinOf(labelled.box, bounds);
    if (box[2] - box[0] < leastSide || box[3] - box[1] < leastSide) return [];
    const covered = (x: number, y: number) => cover[Math.floor(y) * width + Math.floor(x)] === 1;
    return {
      ...rest,
      box,
      ...((mask || polygons) && { mask: seen }),
      ...(keypoints && {
        keypoints: keypoints.map(([x, y, v]) => [x, y, v === 2 && covered(x, y) ? 1 : v] as const),
      }),
    };
  });
}

function without(mask: InstanceMask, cover: Uint8Array, width: number): InstanceMask {
  const data = Uint8Array.from(mask.data);
  for (let y = 0; y < mask.height; y++) {
    const row = (mask.top + y) * width + mask.left;
    for (let x = 0; x < mask.width; x++) if (cover[row + x]) data[y * mask.width + x] = 0;
  }
  return { ...mask, data };
}

/** A side that nothing covers keeps its exact place. */
function withinOf([x0, y0, x1, y1]: Xyxy, [u0, v0, u1, v1]: Xyxy): Xyxy {
  const kept = (exact: number, whole: number) => (Math.abs(exact - whole) <= 1 ? exact : whole);
  return [kept(x0, u0), kept(y0, v0), kept(x1, u1), kept(y1, v1)];
}
