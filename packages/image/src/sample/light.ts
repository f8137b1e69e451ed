import { smoothstep } from './noise.js';
import type { Random } from './random.js';

/** Linear light, 1 = paper white in the middle of the picture. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** One window or lamp, seen as a soft square of light, and a paler one across. */
export interface Light {
  /** Unit vector towards the lamp; z is up, out of the table. */
  readonly towards: readonly [number, number, number];
  readonly tint: Rgb;
  /** Brightness over the picture, coordinates in [0, 1]: stronger on the lamp's side. */
  brightness(x: number, y: number): number;
  /** What a polished metal shows that mirrors in the (unit) direction. */
  mirror(x: number, y: number, z: number): number;
}

export function createLight(random: Random): Light {
  const azimuth = random.between(0, 2 * Math.PI);
  const elevation = random.between(0.75, 1.05);
  const towards = [
    Math.cos(azimuth) * Math.cos(elevation),
    Math.sin(azimuth) * Math.cos(elevation),
    Math.sin(elevation),
  ] as const;
  const [lx, ly, lz] = towards;
  const warmth = random.between(-0.06, 0.08);
  const slope = random.between(0.15, 0.42);
  const exposure = random.between(0.88, 1.12);
  const vignette = random.between(0.15, 0.4);
  return {
    towards,
    tint: [1 + warmth, 1, 1 - warmth],
    brightness(x, y) {
      const along = ((x - 0.5) * lx + (y - 0.5) * ly) * 2;
      const fromCentre = (x - 0.5) ** 2 + (y - 0.5) ** 2;
      return exposure * (1 + slope * along) * (1 - vignette * fromCentre * 1.6);
    },
    mirror(x, y, z) {
      const lamp = x * lx + y * ly + z * lz;
      const across = -x * lx - y * ly + z * lz;
      const room = 0.16 + 0.34 * smoothstep(-0.2, 1, z);
      return (
        room + 1.25 * smoothstep(0.7, 0.97, lamp) + 0.4 * smoothstep(0.72, 0.95, across) - 0.1 * smoothstep(0.3, 0, z)
      );
    },
  };
}

/** `#rrggbb` to linear light. */
export function toLinear(color: string): Rgb {
  const [r, g, b] = [1, 3, 5].map((at) => (Number.parseInt(color.slice(at, at + 2), 16) / 255) ** 2.2);
  return [r!, g!, b!];
}
