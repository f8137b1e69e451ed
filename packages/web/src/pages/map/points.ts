import type { EmbeddingMap } from '@fovea/api';

/** Pictures as points of the plane. */
export interface Points {
  readonly count: number;
  /** In [0, 1]. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** Class of each, -1 for none. */
  readonly classes: Int32Array;
  readonly sha256s: readonly string[];
}

/** What of the plane is seen: the place in the middle, and how many times as large as when all of it is. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

export const wholeView: View = { x: 0.5, y: 0.5, zoom: 1 };
const [leastZoom, mostZoom] = [0.5, 400];

/** A map's points, without those that are gone. */
export function pointsOf({ x, y, sha256s, classIndices }: EmbeddingMap, gone: ReadonlySet<string>): Points {
  const kept = sha256s.flatMap((sha256, at) => (gone.has(sha256) ? [] : [at]));
  return {
    count: kept.length,
    x: Float32Array.from(kept, (at) => x[at]!),
    y: Float32Array.from(kept, (at) => y[at]!),
    classes: Int32Array.from(kept, (at) => classIndices[at]!),
    sha256s: kept.map((at) => sha256s[at]!),
  };
}

/** Pixels that the plane's side of length 1 takes. */
export function scaleOf({ zoom }: View, width: number, height: number): number {
  return Math.max(1, Math.min(width, height) - 48) * zoom;
}

/** The view after zooming by a factor about a place of the window, in pixels, which stays where it is. */
export function zoomAt(view: View, factor: number, px: number, py: number, width: number, height: number): View {
  const zoom = Math.min(mostZoom, Math.max(leastZoom, view.zoom * factor));
  const [before, after] = [scaleOf(view, width, height), scaleOf({ ...view, zoom }, width, height)];
  const [dx, dy] = [px - width / 2, py - height / 2];
  return kept({ x: view.x + dx / before - dx / after, y: view.y + dy / before - dy / after, zoom });
}

/** The view after its content was moved by some pixels. */
export function panBy(view: View, dx: number, dy: number, width: number, height: number): View {
  const scale = scaleOf(view, width, height);
  return kept({ ...view, x: view.x - dx / scale, y: view.y - dy / scale });
}

/** Keeps the middle on the map, so that nobody gets lost beside it. */
function kept({ x, y, zoom }: View): View {
  return { x: Math.min(1, Math.max(0, x)), y: Math.min(1, Math.max(0, y)), zoom };
}

/** The point nearest to a place of the plane and no further than `most`; undefined where there is none. */
export function nearestPoint({ count, x, y }: Points, px: number, py: number, most: number): number | undefined {
  let best: number | undefined;
  let least = most * most;
  for (let at = 0; at < count; at++) {
    const [dx, dy] = [x[at]! - px, y[at]! - py];
    const distance = dx * dx + dy * dy;
    if (distance <= least) {
      least = distance;
      best = at;
    }
  }
  return best;
}

/**
 * The point to go to from a place in a direction: of those within 45 degrees of it, the nearest, where what lies aside
 * counts double. Undefined where there is none.
 */
export function pointTowards(
  { count, x, y }: Points,
  from: { readonly x: number; readonly y: number },
  towards: readonly [dx: number, dy: number],
  without?: number,
): number | undefined {
  let best: number | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (let at = 0; at < count; at++) {
    if (at === without) continue;
    const [dx, dy] = [x[at]! - from.x, y[at]! - from.y];
    const along = dx * towards[0] + dy * towards[1];
    const aside = Math.abs(dx * towards[1] - dy * towards[0]);
    if (along <= 0 || aside > along) continue;
    const cost = along + 2 * aside;
    if (cost < least) {
      least = cost;
      best = at;
    }
  }
  return best;
}

/** The points inside an outline of x, y pairs, in any order; one that crosses itself counts by the even-odd rule. */
export function pointsInside({ count, x, y }: Points, outline: readonly (readonly [number, number])[]): number[] {
  if (outline.length < 3) return [];
  const [xs, ys] = [outline.map(([px]) => px), outline.map(([, py]) => py)];
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const found: number[] = [];
  for (let at = 0; at < count; at++) {
    const [px, py] = [x[at]!, y[at]!];
    if (px < left || px > right || py < top || py > bottom) continue;
    let isInside = false;
    for (let i = 0, j = xs.length - 1; i < xs.length; j = i++) {
      if (ys[i]! > py !== ys[j]! > py && px < ((xs[j]! - xs[i]!) * (py - ys[i]!)) / (ys[j]! - ys[i]!) + xs[i]!)
        isInside = !isInside;
    }
    if (isInside) found.push(at);
  }
  return found;
}

/** A view in an address, and back; undefined where the text is none. */
export function readView(text: string | undefined): View | undefined {
  const [x, y, zoom, ...rest] = (text ?? '').split(',').map(Number);
  if (rest.length > 0 || ![x, y, zoom].every((value) => Number.isFinite(value)) || text === undefined) return undefined;
  return kept({ x: x!, y: y!, zoom: Math.min(mostZoom, Math.max(leastZoom, zoom!)) });
}

export function printView(view: View): string | undefined {
  if (view.x === wholeView.x && view.y === wholeView.y && view.zoom === wholeView.zoom) return undefined;
  return [view.x, view.y, view.zoom].map((value) => Number(value.toPrecision(5))).join(',');
}
