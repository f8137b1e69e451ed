import type { BoxAnnotation } from '@fovea/annotations';
import sharp from 'sharp';
import type { Light } from './light.js';
import { noise } from './noise.js';
import { createRandom } from './random.js';
import { composeScene, type PlacedPart, type Scene, toPart } from './scene.js';
import { castShadow } from './shadow.js';

const WIDTH = 480;
const HEIGHT = 320;
/** Samples a pixel each way on parts, so that threads and edges stay clean. */
const SAMPLES = 3;
const SAMPLES_ON_FLATS = 2;

/** A picture Fovea made itself, with the boxes it knows exactly. */
export interface SamplePicture {
  /** JPEG. */
  readonly bytes: Uint8Array;
  readonly width: 480;
  readonly height: 320;
  /** Classes `bolt`, `nut`, `washer`; boxes are tight around the whole part, also where another lies over it. */
  readonly annotations: BoxAnnotation[];
}

/**
 * Renders one picture of 3 to 12 nuts, bolts and washers on a workshop surface, seen from above. The same seed gives the
 * same picture; different seeds differ in surface, light, metals, sizes and places.
 *
 * @param seed a whole number from 0
 */
export async function renderSamplePicture(seed: number): Promise<SamplePicture> {
  const scene = composeScene(seed, WIDTH, HEIGHT);
  const bytes = await sharp(paintScene(scene, seed), { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .jpeg({ quality: 90, chromaSubsampling: '4:4:4' })
    .toBuffer();
  const annotations = scene.parts.map(({ part, box }) => ({ className: part.className, box }));
  return { bytes, width: WIDTH, height: HEIGHT, annotations };
}

/** 8-bit RGB of a scene. */
function paintScene(scene: Scene, seed: number): Uint8Array {
  const { width, height, light, parts } = scene;
  const pixels = paintSurface(scene);
  for (const placed of parts) {
    castShadow(pixels, width, height, placed, light.towards);
    paintPart(pixels, scene, placed);
  }
  return develop(pixels, scene, seed);
}

/** The table alone, in linear light without the lamp's falloff. */
function paintSurface({ width, height, light, surface }: Scene): Float32Array {
  const pixels = new Float32Array(width * height * 3);
  const above = new Float32Array(width);
  const color: [number, number, number] = [0, 0, 0];
  const [lx, ly, lz] = light.towards;
  for (let y = 0; y < height; y++) {
    let left = surface(-1, y, color);
    for (let x = 0; x < width; x++) {
      const level = surface(x, y, color);
      const slope = y === 0 ? 0 : (level - left) * lx + (level - above[x]!) * ly;
      const shade = Math.max(0.35, 1 - (0.3 * slope) / lz);
      const to = (y * width + x) * 3;
      for (let c = 0; c < 3; c++) pixels[to + c] = color[c]! * shade;
      left = level;
      above[x] = level;
    }
  }
  return pixels;
}

function paintPart(pixels: Float32Array, { width, height, light }: Scene, placed: PlacedPart): void {
  const { part, x, y } = placed;
  const reach = Math.ceil(part.radius) + 1;
  const color: [number, number, number] = [0, 0, 0];
  for (let py = Math.max(0, Math.floor(y - reach)); py < Math.min(height, y + reach); py++) {
    for (let px = Math.max(0, Math.floor(x - reach)); px < Math.min(width, x + reach); px++) {
      const distance = part.distance(...toPart(placed, px + 0.5, py + 0.5));
      if (distance > 1) continue;
      const samples = part.isTurned && distance < -1.5 ? SAMPLES_ON_FLATS : SAMPLES;
      let covered = 0;
      const sum = [0, 0, 0];
      for (let sub = 0; sub < samples * samples; sub++) {
        const sx = px + ((sub % samples) + 0.5) / samples;
        const sy = py + (Math.floor(sub / samples) + 0.5) / samples;
        const [u, v] = toPart(placed, sx, sy);
        if (part.distance(u, v) > 0) continue;
        covered++;
        shadeMetal(placed, light, u, v, color);
        for (let c = 0; c < 3; c++) sum[c]! += color[c]!;
      }
      if (covered === 0) continue;
      const to = (py * width + px) * 3;
      const share = covered / samples ** 2;
      for (let c = 0; c < 3; c++) pixels[to + c] = pixels[to + c]! * (1 - share) + sum[c]! / samples ** 2;
    }
  }
}

const EPSILON = 0.4;
/** Slopes of a groove's two flanks. */
const GROOVE_TILTS = [-0.42, -0.22, 0.22, 0.42] as const;

function shadeMetal(placed: PlacedPart, light: Light, u: number, v: number, out: [number, number, number]): void {
  const { part, metal, cos, sin } = placed;
  const du = (part.relief(u + EPSILON, v) - part.relief(u - EPSILON, v)) / (2 * EPSILON);
  const dv = (part.relief(u, v + EPSILON) - part.relief(u, v - EPSILON)) / (2 * EPSILON);
  const length = Math.hypot(du, dv, 1);
  const [nu, nv, nz] = [-du / length, -dv / length, 1 / length];
  const nx = cos * nu - sin * nv;
  const ny = sin * nu + cos * nv;

  let mirrored = 0;
  if (part.isTurned && nz > 0.9) {
    const r = Math.hypot(u, v) + 1e-6;
    const [ru, rv] = [u / r, v / r];
    const [rx, ry] = [cos * ru - sin * rv, sin * ru + cos * rv];
    for (const tilt of GROOVE_TILTS) mirrored += mirrorAbove(light, nx + tilt * rx, ny + tilt * ry, nz);
    // Grooves are finer than these four slopes: more lamp in the bow tie, less beside it.
    mirrored = 0.48 + 1.6 * (mirrored / GROOVE_TILTS.length - 0.48);
  } else mirrored = mirrorAbove(light, nx, ny, nz);
  const [lx, ly, lz] = light.towards;
  const scattered = 0.2 + 0.75 * Math.max(0, nx * lx + ny * ly + nz * lz);
  const smudge = 0.9 + 0.2 * noise(u * 0.12 + placed.x, v * 0.12 + placed.y, 77);
  const amount = (mirrored * (1 - metal.scatter) + scattered * metal.scatter) * part.openness(u, v) * smudge;
  for (let c = 0; c < 3; c++) out[c] = metal.color[c]! * amount;
}

/** What a mirror with this normal shows to an eye straight above it. */
function mirrorAbove(light: Light, nx: number, ny: number, nz: number): number {
  const length = Math.hypot(nx, ny, nz);
  const [x, y, z] = [nx / length, ny / length, nz / length];
  return light.mirror(2 * z * x, 2 * z * y, 2 * z * z - 1);
}

/** Lamp falloff and tint, film curve, grain, and 8 bits. */
function develop(pixels: Float32Array, { width, height, light }: Scene, seed: number): Uint8Array {
  const random = createRandom(seed ^ 0x5bd1e995);
  const grain = random.between(0.006, 0.02);
  const film = filmCurve();
  const bytes = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const brightness = light.brightness(x / width, y / height);
      const speck = (random.next() + random.next() + random.next() - 1.5) * grain;
      for (let c = 0; c < 3; c++) {
        const at = (y * width + x) * 3 + c;
        const exposed = pixels[at]! * brightness * light.tint[c]! * 1.15;
        const value =
          film[Math.min(FILM_STEPS, Math.sqrt(exposed) * (FILM_STEPS / 2)) | 0]! +
          speck +
          (random.next() - 0.5) * grain * 0.7;
        bytes[at] = Math.min(255, Math.max(0, Math.round(value * 255)));
      }
    }
  }
  return bytes;
}

const FILM_STEPS = 4096;

/** Display value in [0, 1] by the square root of linear light, which goes from 0 to 2 over the table. */
function filmCurve(): Float32Array {
  return Float32Array.from({ length: FILM_STEPS + 1 }, (_, step) => {
    const light = ((2 * step) / FILM_STEPS) ** 2;
    const curved = (light * (1 + light / 4)) / (1 + light); // Reinhard 2002, eq. 4: white at 2.
    const tone = Math.min(1, curved * 1.14) ** (1 / 2.2);
    return tone + 0.28 * tone * (1 - tone) * (2 * tone - 0.9);
  });
}
