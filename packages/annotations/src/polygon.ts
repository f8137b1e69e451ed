import type { Xyxy } from './box.js';
import { FoveaError } from './error.js';
import { type Mask, maskIou, mergeMasks } from './mask.js';
import { rasterize } from './rasterize.js';

/** Corners x0, y0, x1, y1, … in pixels from the picture's top-left corner; the last is joined to the first. */
export type Polygon = readonly number[];

/** Area within the outline in square pixels (shoelace formula), whichever way round it goes; 0 below three corners. */
export function polygonArea(polygon: Polygon): number {
  let twice = 0;
  for (let at = 0; at < polygon.length; at += 2) {
    const next = (at + 2) % polygon.length;
    twice += polygon[at]! * polygon[next + 1]! - polygon[next]! * polygon[at + 1]!;
  }
  return Math.abs(twice) / 2;
}

/** The smallest box around all corners of all parts; (0, 0, 0, 0) where there is none. */
export function polygonBox(...parts: readonly Polygon[]): Xyxy {
  let [xmin, ymin, xmax, ymax] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const part of parts) {
    for (let at = 0; at + 1 < part.length; at += 2) {
      xmin = Math.min(xmin, part[at]!);
      xmax = Math.max(xmax, part[at]!);
      ymin = Math.min(ymin, part[at + 1]!);
      ymax = Math.max(ymax, part[at + 1]!);
    }
  }
  return xmin > xmax ? [0, 0, 0, 0] : [xmin, ymin, xmax, ymax];
}

/**
 * The pixels of a picture that the parts of one object cover, drawn exactly as the COCO API draws them (see
 * `rasterize.ts`); what lies outside the picture is cut off.
 *
 * @param parts each at least three corners
 * @throws FoveaError `bad_polygon` for no parts, fewer corners, an odd count of numbers, or numbers that are not finite
 *   or too large; `bad_mask` for an impossible size
 */
export function polygonsToMask(parts: readonly Polygon[], width: number, height: number): Mask {
  if (parts.length === 0) throw new FoveaError('bad_polygon', 'There is no polygon: an object needs at least one.');
  return mergeMasks(parts.map((part) => rasterize(part, width, height)));
}

/**
 * Intersection over union of two objects given by polygons, measured on their pixels in a picture of that size.
 *
 * @throws FoveaError as {@link polygonsToMask}
 */
export function polygonIou(a: readonly Polygon[], b: readonly Polygon[], width: number, height: number): number {
  return maskIou(polygonsToMask(a, width, height), polygonsToMask(b, width, height));
}
