import type { Xyxy } from '@fovea/annotations';
import { type Affine, moved } from './affine.js';
import type { InstanceMask, Ring } from './sample.js';

/** A rectangle as a ring. */
export function ringOf([x0, y0, x1, y1]: Xyxy): Ring {
  return [x0, y0, x1, y0, x1, y1, x0, y1];
}

export function moveRing(ring: Ring, affine: Affine): Ring {
  const points: number[] = [];
  for (let i = 0; i + 1 < ring.length; i += 2) points.push(...moved(affine, ring[i]!, ring[i + 1]!));
  return points;
}

/** The smallest box around all rings; undefined where there is no point. */
export function boundsOf(rings: readonly Ring[]): Xyxy | undefined {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of rings)
    for (let i = 0; i + 1 < ring.length; i += 2) {
      x0 = Math.min(x0, ring[i]!);
      x1 = Math.max(x1, ring[i]!);
      y0 = Math.min(y0, ring[i + 1]!);
      y1 = Math.max(y1, ring[i + 1]!);
    }
  return x0 <= x1 ? [x0, y0, x1, y1] : undefined;
}

/** Area by the shoelace formula, never negative. */
export function ringArea(ring: Ring): number {
  let twice = 0;
  for (let i = 0; i + 1 < ring.length; i += 2) {
    const j = i + 2 < ring.length ? i + 2 : 0;
    twice += ring[i]! * ring[j + 1]! - ring[j]! * ring[i + 1]!;
  }
  return Math.abs(twice) / 2;
}

/** The part of a ring inside a box (Sutherland and Hodgman 1974); empty where there is none. */
export function clipRing(ring: Ring, box: Xyxy): Ring {
  const sides: readonly [axis: 0 | 1, limit: number, sign: 1 | -1][] = [
    [0, box[0], 1],
    [0, box[2], -1],
    [1, box[1], 1],
    [1, box[3], -1],
  ];
  let points = ring;
  for (const [axis, limit, sign] of sides) {
    const kept: number[] = [];
    for (let i = 0; i + 1 < points.length; i += 2) {
      const j = i === 0 ? points.length - 2 : i - 2;
      const depth = (points[i + axis]! - limit) * sign;
      const before = (points[j + axis]! - limit) * sign;
      if (depth >= 0 !== before >= 0) {
        const part = before / (before - depth);
        const other = points[j + 1 - axis]! + part * (points[i + 1 - axis]! - points[j + 1 - axis]!);
        // The limit itself, not what rounding makes of it.
        kept.push(...(axis === 0 ? [limit, other] : [other, limit]));
      }
      if (depth >= 0) kept.push(points[i]!, points[i + 1]!);
    }
    points = kept;
  }
  return points.length >= 6 ? points : [];
}

/** The pixels of a canvas whose centres lie in any of the rings (inside is even-odd within a ring). */
export function fillRings(rings: readonly Ring[], width: number, height: number): InstanceMask {
  const bounds = boundsOf(rings);
  const left = Math.max(0, Math.floor(bounds?.[0] ?? 0));
  const top = Math.max(0, Math.floor(bounds?.[1] ?? 0));
  const right = Math.min(width, Math.ceil(bounds?.[2] ?? 0));
  const bottom = Math.min(height, Math.ceil(bounds?.[3] ?? 0));
  if (right <= left || bottom <= top) return { left: 0, top: 0, width: 0, height: 0, data: new Uint8Array(0) };
  const mask = { left, top, width: right - left, height: bottom - top };
  const data = new Uint8Array(mask.width * mask.height);
  for (const ring of rings) {
    for (let row = 0; row < mask.height; row++) {
      const crossings = crossingsAt(ring, top + row + 0.5);
      for (let k = 0; k + 1 < crossings.length; k += 2) {
        const from = Math.max(0, Math.ceil(crossings[k]! - left - 0.5));
        const to = Math.min(mask.width, Math.ceil(crossings[k + 1]! - left - 0.5));
        if (from < to) data.fill(1, row * mask.width + from, row * mask.width + to);
      }
    }
  }
  return { ...mask, data };
}

function crossingsAt(ring: Ring, y: number): number[] {
  const xs: number[] = [];
  for (let i = 0; i + 1 < ring.length; i += 2) {
    const j = i + 2 < ring.length ? i + 2 : 0;
    const [y0, y1] = [ring[i + 1]!, ring[j + 1]!];
    if (y0 <= y !== y1 <= y) xs.push(ring[i]! + ((y - y0) / (y1 - y0)) * (ring[j]! - ring[i]!));
  }
  return xs.sort((p, q) => p - q);
}
