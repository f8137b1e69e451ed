import { decodeMask, FoveaError, type Mask, type Polygon, polygonArea } from '@fovea/annotations';

/**
 * The outlines of a mask along the edges of its pixels: parts, and holes in them. Filled, they are the mask again. Parts
 * that touch in a corner only are told apart.
 *
 * @throws FoveaError `mask_too_large` past what is laid out as a bitmap
 */
export function outlineMask(mask: Mask): { polygons: Polygon[]; holes: Polygon[] } {
  const { width, height } = mask;
  const pixels = decodeMask(mask);
  const inside = (x: number, y: number) => x >= 0 && y >= 0 && x < width && y < height && pixels[y * width + x] === 1;
  // Each edge above an inside pixel begins a walk with the inside on the right hand, once.
  const walked = new Uint8Array(width * height);
  const polygons: Polygon[] = [];
  const holes: Polygon[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!inside(x, y) || inside(x, y - 1) || walked[y * width + x]) continue;
      const { polygon, turn } = walk(x, y, inside, (px, py) => {
        walked[py * width + px] = 1;
      });
      (turn > 0 ? polygons : holes).push(polygon);
    }
  }
  return { polygons, holes };
}

/** Right, down, left, up; and the pixel on the right hand of each step from a corner, with the one on the left. */
const STEPS = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
] as const;
const RIGHT_HAND = [
  [0, 0],
  [-1, 0],
  [-1, -1],
  [0, -1],
] as const;

/** Walks around from the upper left corner of a pixel, rightwards. `turn` is 4 around a part, -4 around a hole. */
function walk(
  startX: number,
  startY: number,
  inside: (x: number, y: number) => boolean,
  passUpperEdge: (x: number, y: number) => void,
): { polygon: number[]; turn: number } {
  const polygon: number[] = [];
  let [x, y, direction, turn] = [startX, startY, 0, 0];
  do {
    if (direction === 0) passUpperEdge(x, y);
    x += STEPS[direction]![0];
    y += STEPS[direction]![1];
    const isInside = (way: number) => {
      const [dx, dy] = RIGHT_HAND[way]!;
      return inside(x + dx, y + dy);
    };
    const right = (direction + 1) % 4;
    const left = (direction + 3) % 4;
    // Ahead on the right hand outside: turn right around the pixel. Inside on both hands: turn left.
    let next = direction;
    if (!isInside(direction)) next = right;
    else if (isInside(left)) next = left;
    if (next === right) turn++;
    else if (next === left) turn--;
    if (next !== direction) polygon.push(x, y);
    direction = next;
  } while (x !== startX || y !== startY || direction !== 0);
  return { polygon, turn };
}

/** Parts as one outline that fills the same: from the first corner of the first part to each other and back. */
export function joinParts(parts: readonly Polygon[]): Polygon {
  if (parts.length === 1) return parts[0]!;
  const [first, ...rest] = [...parts].sort((a, b) => polygonArea(b) - polygonArea(a));
  const [x, y] = [first![0]!, first![1]!];
  const joined = [...first!, x, y];
  for (const part of rest) joined.push(...part, part[0]!, part[1]!, x, y);
  return joined.slice(0, -2);
}

/** {@link outlineMask}, or undefined for a mask that is empty or cannot be laid out. */
export function tryOutlineMask(mask: Mask): { polygons: Polygon[]; holes: Polygon[] } | undefined {
  try {
    const outline = outlineMask(mask);
    return outline.polygons.length > 0 ? outline : undefined;
  } catch (error) {
    if (error instanceof FoveaError) return undefined;
    throw error;
  }
}
