import { FoveaError } from './error.js';
import { checkMaskSize, type Mask } from './mask.js';

/** Corners are rounded to a grid so many times as fine as the pixels'. */
const SCALE = 5;
/** Between the third and the fourth fine column of a pixel lies its centre. */
const CENTRE = 2;
/** The most crossings of an outline with centres of columns: a bound on memory and time, far beyond real outlines. */
const MAX_CROSSINGS = 2 ** 24;

/**
 * The pixels inside one polygon, exactly as the COCO API's masks have them.
 *
 * The outline is drawn with integer steps on a grid five times as fine: one point per step along its longer axis, the
 * other coordinate rounded. Wherever it steps over the vertical centre line of a column of pixels, inside turns into
 * outside or back, at the upper one of both points, rounded up to whole pixels. Sorted down the columns, these are the
 * ends of the runs. Here only the steps over centre lines are looked for, so that the cost does not depend on how long
 * the lines are.
 *
 * @param polygon x0, y0, x1, y1, …
 * @throws FoveaError `bad_polygon`, `bad_mask`
 */
export function rasterize(polygon: readonly number[], width: number, height: number): Mask {
  checkMaskSize(width, height);
  const corners = roundCorners(polygon);
  const count = corners.length / 2;
  const edges: Edge[] = [];
  let crossings = 0;
  for (let corner = 0; corner < count; corner++) {
    const next = (corner + 1) % count;
    const edge = orient(corners[corner * 2]!, corners[corner * 2 + 1]!, corners[next * 2]!, corners[next * 2 + 1]!);
    const columns = columnsOf(edge, width);
    if (columns.last < columns.first) continue;
    crossings += columns.last - columns.first + 1;
    edges.push(edge);
  }
  if (crossings > MAX_CROSSINGS) {
    throw new FoveaError(
      'bad_polygon',
      `A polygon crosses columns of pixels ${crossings} times; at most ${MAX_CROSSINGS} are taken.`,
      { crossings },
    );
  }

  const ends = new Uint32Array(crossings + 1);
  let at = 0;
  for (const edge of edges) {
    const { first, last } = columnsOf(edge, width);
    for (let column = first; column <= last; column++) {
      const fineRow = rowAt(edge, column * SCALE + CENTRE);
      const row = Math.ceil(Math.min(Math.max((fineRow + 0.5) / SCALE - 0.5, 0), height));
      ends[at++] = column * height + row;
    }
  }
  ends[at] = width * height;
  return { width, height, counts: runsBetween(ends.sort()) };
}

/** Whole numbers on the fine grid. Rounding goes by truncation, so left of and above the picture it is lopsided. */
function roundCorners(polygon: readonly number[]): Float64Array {
  if (polygon.length < 6 || polygon.length % 2 === 1) {
    throw new FoveaError(
      'bad_polygon',
      `A polygon has at least three corners of two numbers each; this has ${polygon.length} numbers.`,
      { numbers: polygon.length },
    );
  }
  return Float64Array.from(polygon, (value, at) => {
    const fine = Math.trunc(SCALE * value + 0.5);
    if (typeof value === 'number' && Math.abs(fine) < 2 ** 31) return fine;
    throw new FoveaError('bad_polygon', `Number ${at} of a polygon is ${value}: it must be finite and a place.`, {
      at,
      value,
    });
  });
}

/** A line from its end with the smaller coordinate along its longer axis; `slope` is per step along that axis. */
interface Edge {
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
  readonly slope: number;
  readonly isFlat: boolean;
}

function orient(x0: number, y0: number, x1: number, y1: number): Edge {
  const isFlat = Math.abs(x1 - x0) >= Math.abs(y1 - y0);
  const isBackwards = isFlat ? x0 > x1 : y0 > y1;
  const [x, y] = isBackwards ? [x1, y1] : [x0, y0];
  const dx = isBackwards ? x0 - x1 : x1 - x0;
  const dy = isBackwards ? y0 - y1 : y1 - y0;
  return { x, y, dx, dy, slope: isFlat ? dy / dx : dx / dy, isFlat };
}

/** Columns of the picture whose centre line the edge steps over. */
function columnsOf({ x, dx }: Edge, width: number): { first: number; last: number } {
  const [left, right] = dx < 0 ? [x + dx, x] : [x, x + dx];
  return {
    first: Math.max(0, Math.ceil((left - CENTRE) / SCALE)),
    last: Math.min(width - 1, Math.floor((right - CENTRE - 1) / SCALE)),
  };
}

/** The upper fine row of the two points between which the edge steps from fine column `fineX` to the next or back. */
function rowAt({ x, y, dy, slope, isFlat }: Edge, fineX: number): number {
  if (isFlat) {
    const step = fineX - x;
    return Math.min(Math.trunc(y + slope * step + 0.5), Math.trunc(y + slope * (step + 1) + 0.5));
  }
  // Steep: the rounded column never falls (or never rises) along the steps, so the one step over the line is where it
  // first is beyond. The guess may be off by rounding, hence the search around it in the very numbers drawn.
  const isRight = (step: number) => Math.trunc(x + slope * step + 0.5) > fineX;
  const goesRight = slope > 0;
  let step = Math.min(Math.max(Math.round((fineX + 0.5 - x) / slope), 0), dy - 1);
  while (step > 0 && isRight(step) === goesRight) step--;
  while (step < dy - 1 && isRight(step + 1) !== goesRight) step++;
  return y + step;
}

/** Lengths between sorted ends, from 0 on. Two ends at one place cancel out, and the runs around them join. */
function runsBetween(ends: Uint32Array): Uint32Array {
  const runs = new Uint32Array(ends.length);
  let count = 0;
  let before = 0;
  for (let at = 0; at < ends.length; at++) {
    const length = ends[at]! - before;
    before = ends[at]!;
    if (length > 0 || at === 0) runs[count++] = length;
    else if (++at < ends.length) {
      runs[count - 1]! += ends[at]! - before;
      before = ends[at]!;
    }
  }
  return runs.slice(0, count);
}
