import { clipBox, type Xyxy } from '@fovea/annotations';
import { createLight, type Light, type Rgb, toLinear } from './light.js';
import { createPart, type Part, type Point } from './part.js';
import { createRandom, type Random } from './random.js';
import { createSurface, type Surface } from './surface.js';

/** Colour a metal reflects, how blurred, and how much its surface scatters in [0, 1]. */
export interface Metal {
  readonly color: Rgb;
  readonly scatter: number;
}

/** A part lying on the table: turned by `angle`, its centre at (x, y) in pixels. */
export interface PlacedPart {
  readonly part: Part;
  readonly metal: Metal;
  readonly x: number;
  readonly y: number;
  readonly cos: number;
  readonly sin: number;
  /** The part's tight box, cut to the picture. */
  readonly box: Xyxy;
}

/** Everything a picture shows; parts in the order they were laid down, later ones on top. */
export interface Scene {
  readonly width: number;
  readonly height: number;
  readonly light: Light;
  readonly surface: Surface;
  readonly parts: readonly PlacedPart[];
}

const METALS: readonly Metal[] = [
  { color: toLinear('#d3d6da'), scatter: 0.25 }, // stainless
  { color: toLinear('#c3c8cf'), scatter: 0.4 }, // zinc
  { color: toLinear('#c3c8cf'), scatter: 0.3 },
  { color: toLinear('#a9a7a3'), scatter: 0.5 }, // plain steel
  { color: toLinear('#e0c27a'), scatter: 0.35 }, // brass
  { color: toLinear('#d8b35e'), scatter: 0.45 }, // yellow zinc
  { color: toLinear('#6b6d72'), scatter: 0.4 }, // black oxide
  { color: toLinear('#d59a78'), scatter: 0.4 }, // copper
];

/** Share of a part that others may hide, and of its own that may hide others. */
const MOST_HIDDEN = 0.12;
const LEAST_INSIDE = 0.62;

/** The picture of a seed: the same seed, the same scene. */
export function composeScene(seed: number, width: number, height: number): Scene {
  const random = createRandom(seed);
  const light = createLight(random);
  const surface = createSurface(random);
  const wanted = random.integer(3, 12);
  const zoom = random.between(0.9, 1.4) * (wanted > 8 ? 0.88 : 1);
  // Most trays hold one kind of metal, with strangers among it.
  const usual = random.pick(METALS);

  const parts: PlacedPart[] = [];
  const cover = new CoverGrid(width, height);
  for (let tries = 0; parts.length < wanted && tries < wanted * 30; tries++) {
    const className = random.pick(['bolt', 'nut', 'washer'] as const);
    const part = createPart(className, zoom * random.between(0.8, 1.2), random);
    const metal = random.next() < 0.45 ? usual : random.pick(METALS);
    const placed = place(part, metal, random, width, height);
    if (cover.tryAdd(placed)) parts.push(placed);
  }
  return { width, height, light, surface, parts };
}

function place(part: Part, metal: Metal, random: Random, width: number, height: number): PlacedPart {
  const angle = random.between(0, 2 * Math.PI);
  const reach = part.radius * 0.35;
  const x = random.between(reach, width - reach);
  const y = random.between(reach, height - reach);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const corners = part.outline.map(([u, v]) => [x + cos * u - sin * v, y + sin * u + cos * v] as const);
  const box = boxInside(corners, width, height);
  return { part, metal, x, y, cos, sin, box };
}

/** Tight box of what of a polygon lies in the picture: cut by each side in turn (Sutherland & Hodgman 1974). */
function boxInside(corners: readonly Point[], width: number, height: number): Xyxy {
  let polygon = corners;
  for (const [axis, limit, sign] of [
    [0, 0, 1],
    [0, width, -1],
    [1, 0, 1],
    [1, height, -1],
  ] as const) {
    const inside = (point: Point) => sign * (point[axis] - limit);
    polygon = polygon.flatMap((to, index) => {
      const from = polygon.at(index - 1)!;
      const [a, b] = [inside(from), inside(to)];
      const share = a / (a - b);
      const cut: Point[] =
        a * b < 0 ? [[from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share]] : [];
      return b >= 0 ? [...cut, to] : cut;
    });
  }
  const xs = polygon.map(([px]) => px);
  const ys = polygon.map(([, py]) => py);
  return clipBox([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)], width, height);
}

/** Pixel in the part's own coordinates. */
export function toPart({ x, y, cos, sin }: PlacedPart, px: number, py: number): readonly [number, number] {
  const [dx, dy] = [px - x, py - y];
  return [cos * dx + sin * dy, cos * dy - sin * dx];
}

/** Which part owns which spot, a spot every `STEP` pixels, to keep parts visible. */
class CoverGrid {
  private static readonly STEP = 3;
  private readonly owner: Int16Array;
  private readonly columns: number;
  private readonly rows: number;
  private readonly areas: number[] = [];
  private readonly visible: number[] = [];

  constructor(width: number, height: number) {
    this.columns = Math.ceil(width / CoverGrid.STEP);
    this.rows = Math.ceil(height / CoverGrid.STEP);
    this.owner = new Int16Array(this.columns * this.rows).fill(-1);
  }

  /** Lays the part down, unless it would be too much outside the picture or hide too much of another. */
  tryAdd(placed: PlacedPart): boolean {
    const { part, x, y } = placed;
    const step = CoverGrid.STEP;
    const spots: number[] = [];
    const hidden = new Map<number, number>();
    let area = 0;
    const reach = Math.ceil(part.radius / step);
    for (let row = Math.floor(y / step) - reach; row <= Math.floor(y / step) + reach; row++) {
      for (let column = Math.floor(x / step) - reach; column <= Math.floor(x / step) + reach; column++) {
        const [u, v] = toPart(placed, (column + 0.5) * step, (row + 0.5) * step);
        if (part.distance(u, v) > 0) continue;
        area++;
        if (row < 0 || column < 0 || row >= this.rows || column >= this.columns) continue;
        const spot = row * this.columns + column;
        spots.push(spot);
        const below = this.owner[spot]!;
        if (below >= 0) hidden.set(below, (hidden.get(below) ?? 0) + 1);
      }
    }
    if (spots.length < LEAST_INSIDE * area) return false;
    for (const [below, count] of hidden) {
      if (this.visible[below]! - count < this.areas[below]! * (1 - MOST_HIDDEN)) return false;
    }
    for (const [below, count] of hidden) this.visible[below]! -= count;
    const index = this.areas.push(spots.length) - 1;
    this.visible.push(spots.length);
    for (const spot of spots) this.owner[spot] = index;
    return true;
  }
}
