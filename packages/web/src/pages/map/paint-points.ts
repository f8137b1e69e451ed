import { classColor } from '@fovea/annotations';
import { type Points, scaleOf, type View } from './points.js';

/** What is drawn of the points. */
export interface PointLook {
  /** The colour behind them and that of points without a class, as `#rrggbb` or `rgb()`. */
  readonly ground: string;
  readonly plain: string;
  /** Of each point, whether it steps back; undefined: none does. */
  readonly faded: Uint8Array | undefined;
}

/**
 * Draws points as discs, straight into pixels: a hundred thousand in one canvas take about as long as a frame, with no
 * help of a graphics card. Those that step back are drawn first, in a colour near the ground's; those without a class
 * lie below those with one.
 */
export function createPainter(canvas: HTMLCanvasElement) {
  const context = canvas.getContext('2d')!;
  let image: ImageData | undefined;
  let pixels = new Uint32Array();

  return (points: Points, view: View, look: PointLook, width: number, height: number, ratio: number): void => {
    const [wide, high] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
    if (!image || image.width !== wide || image.height !== high) {
      canvas.width = wide;
      canvas.height = high;
      image = context.createImageData(wide, high);
      pixels = new Uint32Array(image.data.buffer);
    }
    const ground = packColor(look.ground);
    pixels.fill(ground);
    const colors = new Map<number, number>();
    const colorOf = (index: number) => {
      let color = colors.get(index);
      if (color === undefined) {
        color = packColor(index < 0 ? look.plain : classColor(index));
        colors.set(index, color);
      }
      return color;
    };
    const scale = scaleOf(view, width, height) * ratio;
    const { size, cover } = disc(radiusOf(points.count, view.zoom) * ratio);
    const half = (size - 1) / 2;
    const [left, top] = [wide / 2 - view.x * scale - half, high / 2 - view.y * scale - half];
    const { count, x, y, classes } = points;
    const pass = (isFaded: 0 | 1, isPlain: boolean) => {
      for (let at = 0; at < count; at++) {
        if (look.faded && look.faded[at] !== isFaded) continue;
        if (classes[at]! < 0 !== isPlain) continue;
        const x0 = Math.round(left + x[at]! * scale);
        const y0 = Math.round(top + y[at]! * scale);
        if (x0 <= -size || y0 <= -size || x0 >= wide || y0 >= high) continue;
        const own = colorOf(classes[at]!);
        const color = isFaded ? blend(own, ground, 56) : own;
        const [fromX, toX] = [Math.max(0, -x0), Math.min(size, wide - x0)];
        const [fromY, toY] = [Math.max(0, -y0), Math.min(size, high - y0)];
        for (let dy = fromY; dy < toY; dy++) {
          let to = (y0 + dy) * wide + x0 + fromX;
          let from = dy * size + fromX;
          for (let dx = fromX; dx < toX; dx++, to++, from++) {
            const covered = cover[from]!;
            if (covered === 255) pixels[to] = color;
            else if (covered > 0) pixels[to] = blend(color, pixels[to]!, covered);
          }
        }
      }
    };
    for (const isFaded of look.faded ? ([1, 0] as const) : ([0] as const)) {
      pass(isFaded, true);
      pass(isFaded, false);
    }
    context.putImageData(image, 0, 0);
  };
}

/** Radius of a point in pixels of the page: few are drawn larger than many, and all grow as one comes nearer. */
export function radiusOf(count: number, zoom: number): number {
  const base = Math.min(5, Math.max(1.5, 200 / Math.sqrt(Math.max(1, count))));
  return Math.min(9, base * Math.max(1, zoom) ** 0.3);
}

/** How much of each pixel of a square a disc in it covers, 0 to 255. */
function disc(radius: number): { size: number; cover: Uint8Array } {
  const size = 2 * Math.ceil(radius) + 1;
  const middle = (size - 1) / 2;
  const cover = Uint8Array.from({ length: size * size }, (_, at) => {
    const distance = Math.hypot((at % size) - middle, Math.floor(at / size) - middle);
    return Math.round(255 * Math.min(1, Math.max(0, radius + 0.5 - distance)));
  });
  return { size, cover };
}

/** A colour over another, `share` of 255. */
function blend(over: number, under: number, share: number): number {
  const rest = 255 - share;
  const channel = (shift: number) =>
    Math.round((((over >>> shift) & 255) * share + ((under >>> shift) & 255) * rest) / 255) << shift;
  return (0xff000000 | channel(16) | channel(8) | channel(0)) >>> 0;
}

/** A colour as a canvas keeps it in 32 bits on a little-endian machine: alpha, blue, green, red. */
function packColor(color: string): number {
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color);
  const [red, green, blue] = hex
    ? hex.slice(1).map((part) => Number.parseInt(part, 16))
    : (color.match(/[\d.]+/g) ?? ['0', '0', '0']).slice(0, 3).map((part) => Math.round(Number(part)));
  return (0xff000000 | (blue! << 16) | (green! << 8) | red!) >>> 0;
}
