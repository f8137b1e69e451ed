import { noise, smoothstep } from './noise.js';
import type { Random } from './random.js';

/** A point in a part's own coordinates: pixels, its centre at (0, 0), before it is turned and placed. */
export type Point = readonly [u: number, v: number];

/** A nut, a bolt or a washer seen from above: its silhouette, its relief, and the finish of its metal. */
export interface Part {
  readonly className: 'bolt' | 'nut' | 'washer';
  /** Reaches every point of the part from its centre. */
  readonly radius: number;
  /** The highest point over the table, in pixels. */
  readonly height: number;
  /** Corners of the silhouette's outer edge, all round. */
  readonly outline: readonly Point[];
  /** Distance to the silhouette in pixels, negative inside; exact near the edge. */
  distance(u: number, v: number): number;
  /** Height over the table; continues smoothly beyond the edge, so that slopes can be taken there. */
  relief(u: number, v: number): number;
  /** Turned on a lathe: fine grooves round the centre spread the mirrored lamp into a bow tie. */
  readonly isTurned: boolean;
  /** Light that reaches the point, in [0, 1]: low in holes and grooves. */
  openness(u: number, v: number): number;
}

/** @param scale 1 for a part of middling size */
export function createPart(className: Part['className'], scale: number, random: Random): Part {
  return { bolt: createBolt, nut: createNut, washer: createWasher }[className](scale, random);
}

function createNut(scale: number, random: Random): Part {
  const flat = 21 * scale * random.between(0.85, 1.15); // Half the width across flats.
  const corner = (flat * 2) / Math.sqrt(3);
  const round = corner * 0.975; // The chamfer on top also takes the tips off the corners.
  const hole = flat * random.between(0.5, 0.58);
  const thread = hole * 1.13;
  const height = flat * random.between(0.75, 0.95);
  const salt = random.integer(1, 1e6);
  const hex = (u: number, v: number) =>
    Math.max(Math.abs(v), Math.abs(u) * (Math.sqrt(3) / 2) + Math.abs(v) / 2) - flat;
  return {
    className: 'nut',
    isTurned: true,
    radius: round,
    height,
    // Flats face 30 degrees and every 60 from there.
    outline: circle((angle) => Math.min(round, flat / Math.cos((angle % (Math.PI / 3)) - Math.PI / 6))),
    distance(u, v) {
      const r = Math.hypot(u, v);
      return Math.max(hex(u, v), r - round, hole - r);
    },
    relief(u, v) {
      const r = Math.hypot(u, v);
      const chamfer = Math.max(0, r - flat * 0.95);
      const edge = Math.max(0, hex(u, v) + 1.6);
      const mouth = Math.max(0, thread + 1.5 - r);
      const turning = 0.12 * noise(r * 1.4, 0, salt);
      return height - 0.6 * chamfer - 0.28 * edge * edge - 0.85 * mouth + turning;
    },
    openness(u, v) {
      const r = Math.hypot(u, v);
      const ring = 0.5 + 0.5 * Math.cos(((r - hole) / (thread - hole)) * 4 * Math.PI);
      return r > thread ? 1 : 0.2 + 0.35 * ring * smoothstep(hole, thread, r);
    },
  };
}

function createWasher(scale: number, random: Random): Part {
  const outer = 24 * scale * random.between(0.8, 1.25);
  const inner = outer * random.between(0.4, 0.55);
  const height = random.between(2.6, 4);
  const isSplit = random.next() < 0.25;
  const salt = random.integer(1, 1e6);
  const slit = (u: number, v: number) => (u > 0 ? 1.3 - Math.abs(v + 0.35 * (u - outer)) : -10);
  return {
    className: 'washer',
    isTurned: true,
    radius: outer,
    height,
    outline: circle(() => outer),
    distance(u, v) {
      const r = Math.hypot(u, v);
      return Math.max(r - outer, inner - r, isSplit ? slit(u, v) : -10);
    },
    relief(u, v) {
      const r = Math.hypot(u, v);
      const outside = Math.max(0, r - outer + 2.4);
      const inside = Math.max(0, inner + 2 - r);
      const turning = 0.16 * noise(r * 1.1, 0, salt) + 0.05 * noise(r * 3, 0, salt + 1);
      return height - 0.25 * outside * outside - 0.25 * inside * inside + turning;
    },
    openness: (u, v) => 0.75 + 0.25 * smoothstep(0, 2, Math.hypot(u, v) - inner),
  };
}

function createBolt(scale: number, random: Random): Part {
  const shank = 7.2 * scale * random.between(0.85, 1.15); // Radius.
  const length = shank * random.between(8.5, 14);
  const isHex = random.next() < 0.6;
  const head = shank * (isHex ? random.between(1.9, 2.1) : random.between(1.65, 1.8)); // Half its width as seen.
  const headLength = shank * (isHex ? random.between(1.3, 1.5) : random.between(1.8, 2.1));
  const bevel = shank * 0.28;
  const axis = isHex ? (head * Math.sqrt(3)) / 2 : head; // Height of the axis over the table.
  const pitch = Math.max(2.6, shank * 0.42);
  const [left, neck, right] = [-length / 2, -length / 2 + headLength, length / 2];
  const threadFrom = random.next() < 0.5 ? neck + 1 : neck + (right - neck) * random.between(0.2, 0.5);
  const salt = random.integer(1, 1e6);

  const threadDepth = (u: number, v: number) => {
    const turn = (u + (v / shank) * pitch * 0.35) / pitch;
    const ridge = Math.abs(turn - Math.floor(turn) - 0.5) * 2;
    return smoothstep(threadFrom - 1, threadFrom + 2, u) * ridge * Math.min(1.5, shank * 0.17);
  };
  const headRelief = (v: number) => {
    const a = Math.abs(v);
    if (!isHex)
      return Math.sqrt(Math.max(0.4, head * head - v * v)) + 0.25 * Math.sin(Math.asin(Math.min(0.98, a / head)) * 26);
    return axis - Math.max(0, a - head / 2) * Math.sqrt(3);
  };
  const upper: Point[] = [
    [left, head - bevel],
    [left + bevel, head],
    [neck, head],
    [neck, shank],
    [right - bevel, shank],
    [right, shank - bevel],
  ];
  return {
    className: 'bolt',
    isTurned: false,
    radius: Math.hypot(length / 2, head),
    height: axis * 2,
    outline: [...upper, ...upper.map(([u, v]) => [u, -v] as const).reverse()],
    distance(u, v) {
      const a = Math.abs(v);
      const inHead = Math.max(a - head, left - u, u - neck, (a - head + left - u + bevel) / Math.SQRT2);
      const inShank = Math.max(a - shank, neck - 1 - u, u - right, (a - shank + u - right + bevel) / Math.SQRT2);
      return Math.min(inHead, inShank);
    },
    relief(u, v) {
      const brushed = 0.1 * noise(u * 0.3, v * 1.5, salt);
      if (u < neck) {
        const cap = Math.max(0, left + bevel * 1.6 - u);
        const collar = Math.max(0, u - neck + 1.6);
        return axis + headRelief(v) - (0.5 * cap * cap) / bevel - 0.5 * collar * collar + brushed;
      }
      const tip = Math.max(0, u - right + bevel * 1.5);
      const radius = shank - threadDepth(u, v) - 0.35 * tip;
      return axis + Math.sqrt(Math.max(0.6, radius * radius - v * v)) + brushed;
    },
    openness(u, v) {
      const underHead = smoothstep(neck, neck + 3, u) * 0.4 + 0.6;
      return u < neck ? 1 : underHead * (1 - 0.34 * threadDepth(u, v));
    },
  };
}

/** Points all round, a degree apart, at the distance the function gives for an angle in [0, 2π). */
function circle(radius: (angle: number) => number): Point[] {
  return Array.from({ length: 360 }, (_, degree) => {
    const angle = (degree * Math.PI) / 180;
    return [Math.cos(angle) * radius(angle), Math.sin(angle) * radius(angle)] as const;
  });
}
