import type { Xyxy } from '@fovea/annotations';
import { type Affine, determinant, isAxisAligned, moved } from './affine.js';
import { maskArea, maskBounds, moveMask } from './mask.js';
import { boundsOf, clipRing, moveRing, ringArea, ringOf } from './polygon.js';
import type { InstanceMask, Keypoint, LabelledBox, Ring } from './sample.js';

/** A box is dropped where less than this part of it stays to be seen. */
export const leastVisible = 0.35;
/** … or where a side is shorter than this many pixels. */
export const leastSide = 2;

/**
 * Moves a box and what belongs to it onto a canvas, and clips it.
 *
 * Where rows stay rows the box is moved as it is; a turned one becomes the smallest box around what it held: its mask
 * or outline, or else its corners. Key points that leave the canvas keep their exact place with visibility 0.
 *
 * @param flipPairs key points exchanged where the geometry mirrors
 * @returns undefined for a box that is mostly outside, or too small to be seen
 */
export function moveBox(
  labelled: LabelledBox,
  affine: Affine,
  width: number,
  height: number,
  flipPairs: AugmentFlipPairs = [],
): LabelledBox | undefined {
  const { polygons, mask, keypoints, ...rest } = labelled;
  const canvas: Xyxy = [0, 0, width, height];
  const corners = moveRing(ringOf(labelled.box), affine);
  let { box, visible } = clipped([corners], canvas);
  let shape: { mask?: InstanceMask; polygons?: readonly Ring[] } = {};
  const wholly = isAxisAligned(affine) && visible > 0.9999;
  if (mask) {
    const there = moveMask(mask, affine, width, height);
    shape = { mask: there };
    if (!wholly) {
      box = maskBounds(there);
      visible = maskArea(there) / Math.max(1, maskArea(mask) * Math.abs(determinant(affine)));
    }
  } else if (polygons) {
    const rings = polygons.map((ring) => moveRing(ring, affine));
    shape = { polygons: rings.map((ring) => clipRing(ring, canvas)).filter((ring) => ring.length > 0) };
    if (!wholly) ({ box, visible } = clipped(rings, canvas));
  }
  if (!box || visible < leastVisible || box[2] - box[0] < leastSide || box[3] - box[1] < leastSide) return undefined;
  return {
    ...rest,
    box,
    ...shape,
    ...(keypoints && { keypoints: moveKeypoints(keypoints, affine, width, height, flipPairs) }),
  };
}

export type AugmentFlipPairs = readonly (readonly [number, number])[];

/** What of the rings is on the canvas: the box around it, and its part of their area. */
function clipped(rings: readonly Ring[], canvas: Xyxy): { box: Xyxy | undefined; visible: number } {
  const inside = rings.map((ring) => clipRing(ring, canvas));
  const area = (list: readonly Ring[]) => list.reduce((sum, ring) => sum + ringArea(ring), 0);
  return { box: boundsOf(inside), visible: area(inside) / Math.max(Number.MIN_VALUE, area(rings)) };
}

function moveKeypoints(
  points: readonly Keypoint[],
  affine: Affine,
  width: number,
  height: number,
  flipPairs: AugmentFlipPairs,
): Keypoint[] {
  const there = points.map(([x, y, visibility]): Keypoint => {
    if (visibility === 0) return [0, 0, 0];
    const [u, v] = moved(affine, x, y);
    return [u, v, u >= 0 && v >= 0 && u < width && v < height ? visibility : 0];
  });
  if (determinant(affine) >= 0) return there;
  for (const [one, other] of flipPairs)
    if (there[one] && there[other]) [there[one], there[other]] = [there[other], there[one]];
  return there;
}
