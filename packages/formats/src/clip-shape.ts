import { type BoxAnnotation, type Polygon, polygonArea, polygonBox } from '@fovea/annotations';

/** Something of a shape cut or left out; `what` begins a sentence that goes on with whose it is. */
export interface ShapeFault {
  readonly code: string;
  readonly what: string;
}

const TOLERANCE_PIXELS = 0.5;

/** An annotation whose shape lies in its picture, and what was done for it. The box is not looked at. */
export function clipShape(
  annotation: BoxAnnotation,
  width: number,
  height: number,
): { shape: BoxAnnotation; faults: ShapeFault[] } {
  const { polygons, holes, mask, keypoints, ...rest } = annotation;
  if (!(polygons || mask || keypoints)) return { shape: annotation, faults: [] };
  const faults: ShapeFault[] = [];
  const parts = polygons && clipAll(polygons, width, height);
  const cut = holes && clipAll(holes, width, height);
  if (parts && parts.kept.length === 0) {
    faults.push({ code: 'shape_outside', what: 'Nothing was left of the outlines; they were left out' });
  } else if ((parts?.isClipped || cut?.isClipped) ?? false) {
    faults.push({ code: 'shape_clipped', what: 'Outlines reached out of it and were cut: those' });
  }
  const hasSize = mask?.size[0] === height && mask.size[1] === width;
  if (mask && !hasSize) {
    const size = `${mask.size[1]} x ${mask.size[0]}`;
    faults.push({ code: 'mask_size', what: `A mask of ${size} pixels does not fit and was left out: that` });
  }
  const points = keypoints && clipPoints(keypoints, width, height);
  if (points && points.outside > 0) {
    const what = `${points.outside} key points lie outside and count as not labelled: those`;
    faults.push({ code: 'keypoints_outside', what });
  }
  const shape: BoxAnnotation = {
    ...rest,
    ...(parts && parts.kept.length > 0 && { polygons: parts.kept }),
    ...(parts && parts.kept.length > 0 && cut && cut.kept.length > 0 && { holes: cut.kept }),
    ...(mask && hasSize && { mask }),
    ...(points?.points.some((value) => value !== 0) && { keypoints: points.points }),
  };
  return { shape, faults };
}

function clipAll(
  polygons: readonly Polygon[],
  width: number,
  height: number,
): { kept: readonly Polygon[]; isClipped: boolean } {
  const box = polygonBox(...polygons);
  if (box[0] >= 0 && box[1] >= 0 && box[2] <= width && box[3] <= height) return { kept: polygons, isClipped: false };
  const overhang = Math.max(-box[0], -box[1], box[2] - width, box[3] - height);
  const kept = polygons
    .map((polygon) => clipPolygon(polygon, width, height))
    .filter((polygon) => polygonArea(polygon) > 0);
  return { kept, isClipped: overhang > TOLERANCE_PIXELS };
}

/**
 * The part of a polygon inside the picture, cut at one edge after another (Sutherland and Hodgman 1974). What comes apart
 * in several pieces stays joined along the edge.
 */
export function clipPolygon(polygon: Polygon, width: number, height: number): Polygon {
  let points: readonly number[] = polygon;
  for (const [axis, limit, sign] of [
    [0, 0, 1],
    [0, width, -1],
    [1, 0, 1],
    [1, height, -1],
  ] as const) {
    const next: number[] = [];
    for (let at = 0; at < points.length; at += 2) {
      const after = (at + 2) % points.length;
      const [a, b] = [(points[at + axis]! - limit) * sign, (points[after + axis]! - limit) * sign];
      if (a >= 0) next.push(points[at]!, points[at + 1]!);
      if (a >= 0 === b >= 0) continue;
      const part = a / (a - b);
      const other = points[at + 1 - axis]! + (points[after + 1 - axis]! - points[at + 1 - axis]!) * part;
      next.push(...(axis === 0 ? [limit, other] : [other, limit]));
    }
    points = next;
  }
  return points;
}

/** Points half a pixel outside are moved to the edge, others count as not labelled. */
function clipPoints(
  keypoints: readonly number[],
  width: number,
  height: number,
): { points: number[]; outside: number } {
  const points: number[] = [];
  let outside = 0;
  for (let at = 0; at < keypoints.length; at += 3) {
    const [x, y, v] = [keypoints[at]!, keypoints[at + 1]!, keypoints[at + 2]!];
    const inside = [Math.min(Math.max(x, 0), width), Math.min(Math.max(y, 0), height)] as const;
    const distance = Math.max(Math.abs(x - inside[0]), Math.abs(y - inside[1]));
    if (v !== 0 && distance > TOLERANCE_PIXELS) outside++;
    points.push(...(v === 0 || distance > TOLERANCE_PIXELS ? [0, 0, 0] : [inside[0], inside[1], v]));
  }
  return { points, outside };
}
