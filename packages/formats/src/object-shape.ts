import { type CocoRle, FoveaError, maskFromCoco, packRuns, type RotatedBox, type Xyxy } from '@fovea/annotations';

/**
 * Shapes as label files say them, each held against what makes it one: what is wrong as a sentence's end, or the shape.
 */

/** At least three corners, all finite. */
export function checkPolygon(numbers: readonly unknown[]): string | readonly number[] {
  if (numbers.length < 6) return `has ${numbers.length} numbers, want at least three corners`;
  if (numbers.length % 2 === 1) return `has an odd count of numbers (${numbers.length})`;
  const bad = numbers.find((value) => typeof value !== 'number' || !Number.isFinite(value));
  return bad === undefined
    ? (numbers as readonly number[])
    : `has a corner that is no number (${String(bad).slice(0, 20)})`;
}

/** A mask with its runs packed. */
export function checkMask(value: unknown): string | CocoRle {
  try {
    const mask = maskFromCoco(value);
    const { counts } = value as CocoRle;
    return { size: [mask.height, mask.width], counts: typeof counts === 'string' ? counts : packRuns(mask.counts) };
  } catch (error) {
    if (error instanceof FoveaError) return `cannot be read (${error.message})`;
    throw error;
  }
}

/** x, y, v for each point; 0, 0, 0 where a point is not labelled. */
export function checkKeypoints(numbers: readonly unknown[], count?: number): string | readonly number[] {
  if (numbers.length === 0 || numbers.length % 3 !== 0) return `has ${numbers.length} numbers, want three a point`;
  if (count !== undefined && numbers.length !== count * 3)
    return `has ${numbers.length / 3} points, its class ${count}`;
  const points: number[] = [];
  for (let at = 0; at < numbers.length; at += 3) {
    const [x, y, v] = [numbers[at], numbers[at + 1], numbers[at + 2]] as number[];
    if (![x, y, v].every((value) => typeof value === 'number' && Number.isFinite(value)))
      return 'has a point that is no number';
    if (v !== 0 && v !== 1 && v !== 2) return `has a point of visibility ${v}, want 0, 1 or 2`;
    points.push(...(v === 0 ? [0, 0, 0] : [x!, y!, v!]));
  }
  return points;
}

/** The box around a rotated one. */
export function boxAroundRotated({ center: [x, y], width, height, angle }: RotatedBox): Xyxy {
  const [cos, sin] = [Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle))];
  const [halfX, halfY] = [(width * cos + height * sin) / 2, (width * sin + height * cos) / 2];
  return [x - halfX, y - halfY, x + halfX, y + halfY];
}

/** Its four corners x0, y0, …: from the upper left one as it stands upright, clockwise. */
export function cornersOfRotated({ center: [x, y], width, height, angle }: RotatedBox): number[] {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [
    [-width / 2, -height / 2],
    [width / 2, -height / 2],
    [width / 2, height / 2],
    [-width / 2, height / 2],
  ].flatMap(([dx, dy]) => [x + dx! * cos - dy! * sin, y + dx! * sin + dy! * cos]);
}

/**
 * The rotated box of four corners in their order around it, or undefined where they are no rectangle: by more than
 * `tolerance` pixels, or a fiftieth of its longer side.
 */
export function rotatedFromCorners(corners: readonly number[], tolerance = 1): RotatedBox | undefined {
  const [ax, ay, bx, by, cx, cy, dx, dy] = corners as [number, number, number, number, number, number, number, number];
  const center = [(ax + bx + cx + dx) / 4, (ay + by + cy + dy) / 4] as const;
  const [ux, uy] = [(bx - ax + cx - dx) / 2, (by - ay + cy - dy) / 2];
  const [vx, vy] = [(dx - ax + cx - bx) / 2, (dy - ay + cy - by) / 2];
  const [width, height] = [Math.hypot(ux, uy), Math.hypot(vx, vy)];
  if (!(width > 0 && height > 0)) return undefined;
  const box = { center, width, height, angle: normalAngle(Math.atan2(uy, ux)) };
  const ideal = cornersOfRotated(box);
  const isMirrored = ux * vy - uy * vx < 0;
  const off = (order: readonly number[]) =>
    Math.max(
      ...order.map((corner, at) =>
        Math.hypot(ideal[corner * 2]! - corners[at * 2]!, ideal[corner * 2 + 1]! - corners[at * 2 + 1]!),
      ),
    );
  const distance = off(isMirrored ? [3, 2, 1, 0] : [0, 1, 2, 3]);
  return distance <= Math.max(tolerance, Math.max(width, height) / 50) ? box : undefined;
}

/** An angle in (-pi, pi]. */
export function normalAngle(angle: number): number {
  const turned = angle - 2 * Math.PI * Math.floor((angle + Math.PI) / (2 * Math.PI));
  return turned <= -Math.PI ? turned + 2 * Math.PI : turned;
}

/** Whether values nest deeper than `depth`: such cannot be written again without a stack overflow. */
export function isDeep(value: unknown, depth = 16): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((each) => isDeep(each, depth - 1));
}
