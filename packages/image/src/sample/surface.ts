import { type Rgb, toLinear } from './light.js';
import { layeredNoise, noise, smoothstep } from './noise.js';
import type { Random } from './random.js';

/** What the parts lie on. Writes the colour at a pixel into `out`, and returns its height in pixels, for shading. */
export type Surface = (x: number, y: number, out: [number, number, number]) => number;

/** One of seven kinds, turned, coloured and worn by chance. */
export function createSurface(random: Random): Surface {
  return random.pick([wood, wood, brushedSteel, cuttingMat, concrete, cardboard, paint, rubber])(random);
}

const salts = (random: Random) => random.integer(1, 1_000_000);

function turned(random: Random, angle = random.between(-0.25, 0.25) + (random.next() < 0.5 ? 0 : Math.PI / 2)) {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return (x: number, y: number) => [c * x + s * y, c * y - s * x] as const;
}

function blend(out: [number, number, number], a: Rgb, b: Rgb, t: number, gain = 1): void {
  for (let i = 0; i < 3; i++) out[i] = (a[i]! + (b[i]! - a[i]!) * t) * gain;
}

function wood(random: Random): Surface {
  const [pale, dark] = random
    .pick([
      ['#d9b88a', '#a97f50'],
      ['#c99a66', '#8a5f37'],
      ['#8d6645', '#543a27'],
      ['#e3cfac', '#c0a178'],
      ['#6d5140', '#3f2d24'],
    ] as const)
    .map(toLinear) as [Rgb, Rgb];
  const salt = salts(random);
  const turn = turned(random);
  const plank = random.between(90, 170);
  const rings = random.between(0.035, 0.06);
  return (px, py, out) => {
    const [x, y] = turn(px, py);
    const board = Math.floor(y / plank + 40.3);
    const seam = Math.abs(y / plank + 40.3 - board - 0.5) * plank;
    const shift = salt + board * 17;
    const warp = layeredNoise(x * 0.004, y * 0.022, shift, 3) * 9;
    const ring = 0.5 + 0.5 * Math.sin((y * rings + warp) * 3.1 + board * 2);
    const grain = noise(x * 0.018, y * 0.75, shift + 7);
    const pore = smoothstep(0.74, 0.9, noise(x * 0.035, y * 1.1, shift + 9));
    const gap = smoothstep(plank / 2 - 1.6, plank / 2 - 0.3, seam);
    const tone = 0.55 * ring * ring + 0.4 * grain;
    blend(out, pale, dark, tone, (0.92 + 0.16 * noise(board, 3, salt)) * (1 - 0.25 * pore) * (1 - 0.72 * gap));
    return 0.35 * grain - 0.3 * pore - 1.2 * gap;
  };
}

function brushedSteel(random: Random): Surface {
  const base = toLinear(random.pick(['#a9adb0', '#8f969c', '#6b7178', '#b5b1aa']));
  const salt = salts(random);
  const turn = turned(random);
  const glossAt = random.between(0, 320);
  return (px, py, out) => {
    const [x, y] = turn(px, py);
    const streak = 0.6 * noise(x * 0.006, y * 1.3, salt) + 0.4 * noise(x * 0.03, y * 2.1, salt + 1);
    const smudge = layeredNoise(px * 0.012, py * 0.012, salt + 2, 3);
    const gloss = Math.exp(-(((x - glossAt) / 150) ** 2));
    blend(out, base, [1, 1, 1], 0.16 * gloss, 0.8 + 0.26 * streak + 0.22 * (smudge - 0.5));
    return 0.25 * streak;
  };
}

function cuttingMat(random: Random): Surface {
  const base = toLinear(random.pick(['#2f6b55', '#2b5a78', '#3b3f46', '#574469', '#27716f']));
  const line: Rgb = [base[0] + 0.16, base[1] + 0.18, base[2] + 0.16];
  const salt = salts(random);
  const turn = turned(random);
  const cell = random.between(26, 40);
  return (px, py, out) => {
    const [x, y] = turn(px, py);
    const near = (value: number, step: number) => Math.abs(value - Math.round(value / step) * step);
    const thin = smoothstep(1, 0.3, Math.min(near(x, cell), near(y, cell)));
    const thick = smoothstep(1.6, 0.7, Math.min(near(x, cell * 5), near(y, cell * 5)));
    const worn = layeredNoise(px * 0.02, py * 0.02, salt, 3);
    const grain = noise(px * 0.9, py * 0.9, salt + 5);
    const cut = smoothstep(0.012, 0.002, Math.abs(noise(x * 0.006 + y * 0.012, y * 0.004, salt + 8) - 0.5));
    blend(
      out,
      base,
      line,
      Math.max(0.45 * thin, 0.75 * thick) * (0.5 + 0.5 * worn) + 0.22 * cut,
      0.88 + 0.16 * worn + 0.1 * grain,
    );
    return 0.4 * grain;
  };
}

function concrete(random: Random): Surface {
  const [pale, dark] = random
    .pick([
      ['#b9b5ad', '#85827b'],
      ['#9a9ea1', '#6c7074'],
      ['#c7bda9', '#968b77'],
    ] as const)
    .map(toLinear) as [Rgb, Rgb];
  const salt = salts(random);
  return (x, y, out) => {
    const cloud = layeredNoise(x * 0.011, y * 0.011, salt, 5);
    const sand = noise(x * 0.8, y * 0.8, salt + 3);
    const [wx, wy] = [x + 9 * noise(x * 0.07, y * 0.07, salt + 5), y + 9 * noise(x * 0.07, y * 0.07, salt + 6)];
    const pit = smoothstep(0.77, 0.84, layeredNoise(wx * 0.1 + wy * 0.04, wy * 0.1 - wx * 0.04, salt + 4, 2));
    blend(out, pale, dark, smoothstep(0.3, 0.7, cloud), (0.86 + 0.24 * sand) * (1 - 0.4 * pit));
    return 0.6 * sand + 1.5 * cloud - 1.4 * pit;
  };
}

function cardboard(random: Random): Surface {
  const base = toLinear(random.pick(['#b98f5f', '#c8a274', '#a5794b', '#d8ccb6']));
  const dark: Rgb = [base[0] * 0.62, base[1] * 0.58, base[2] * 0.52];
  const salt = salts(random);
  const turn = turned(random);
  const flute = random.between(5, 8);
  return (px, py, out) => {
    const [x, y] = turn(px, py);
    const rib = 0.5 + 0.5 * Math.sin((y / flute) * 2 * Math.PI);
    const fibre = noise(x * 0.25, y * 0.9, salt) * 0.6 + noise(x * 0.9, y * 0.22, salt + 1) * 0.4;
    const stain = layeredNoise(px * 0.009, py * 0.009, salt + 2, 3);
    blend(out, base, dark, 0.16 * rib + 0.5 * smoothstep(0.45, 0.9, fibre), 0.9 + 0.2 * (stain - 0.5));
    return 0.5 * rib + 0.4 * fibre;
  };
}

function paint(random: Random): Surface {
  const base = toLinear(
    random.pick(['#2e6f78', '#31466b', '#e8dfcd', '#c8963e', '#8e3f35', '#55703f', '#d4d9dc', '#4a5a66']),
  );
  const bare: Rgb = [0.3, 0.29, 0.28];
  const salt = salts(random);
  const turn = turned(random, random.between(0, Math.PI));
  return (px, py, out) => {
    const [x, y] = turn(px, py);
    const peel = noise(px * 0.22, py * 0.22, salt);
    const cloud = layeredNoise(px * 0.01, py * 0.01, salt + 1, 3);
    const scratch =
      smoothstep(0.006, 0.001, Math.abs(noise(x * 0.005, y * 0.035, salt + 2) - 0.5)) * noise(x * 0.03, y, salt + 3);
    const chip = smoothstep(0.86, 0.89, layeredNoise(px * 0.045, py * 0.045, salt + 4, 3));
    blend(out, base, bare, Math.max(0.45 * scratch, 0.85 * chip), 0.9 + 0.2 * (cloud - 0.5) + 0.05 * peel);
    return 0.9 * peel - 0.8 * chip;
  };
}

function rubber(random: Random): Surface {
  const base = toLinear(random.pick(['#33363b', '#2a2d33', '#3d3a38', '#41484f']));
  const salt = salts(random);
  const step = random.between(11, 16);
  const isDimpled = random.next() < 0.5;
  return (x, y, out) => {
    const grain = noise(x * 0.85, y * 0.85, salt);
    const dust = smoothstep(0.55, 0.95, layeredNoise(x * 0.016, y * 0.016, salt + 1, 4));
    const row = Math.round(y / step);
    const dx = x - Math.round(x / step + (row % 2) / 2) * step + ((row % 2) / 2) * step;
    const dy = y - row * step;
    const dimple = isDimpled ? smoothstep(3.4, 2, Math.hypot(dx, dy)) : 0;
    blend(out, base, [0.34, 0.33, 0.31], 0.22 * dust, 0.82 + 0.36 * grain + 0.12 * dimple);
    return 0.4 * grain + 1.1 * dimple;
  };
}
