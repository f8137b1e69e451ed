import { type PlacedPart, toPart } from './scene.js';

/** Steps up the part at which its outline is thrown onto the table: the shadow of a body is their union. */
const STEPS = 7;
const GRID = 2;

/**
 * Darkens what a part's shadow falls on: away from the lamp, sharp where the part touches the table and soft far from
 * it, and a little all round, where the part keeps the room's light away.
 *
 * @param pixels linear RGB, width * height * 3, changed in place
 */
export function castShadow(
  pixels: Float32Array,
  width: number,
  height: number,
  placed: PlacedPart,
  towards: readonly [number, number, number],
): void {
  const { part, x, y } = placed;
  const throwLength = (part.height * Math.hypot(towards[0], towards[1])) / towards[2];
  // On every second pixel: shadows are soft, and this is four times as fast.
  const reach = Math.ceil((part.radius + throwLength + 14) / GRID);
  const side = 2 * reach + 1;
  const [x0, y0] = [Math.round(x) - reach * GRID, Math.round(y) - reach * GRID];

  const outline = new Float32Array(side * side);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const [u, v] = toPart(placed, x0 + column * GRID, y0 + row * GRID);
      if (u * u + v * v > (part.radius + GRID) ** 2) continue;
      outline[row * side + column] = Math.min(1, Math.max(0, 0.5 - part.distance(u, v) / GRID));
    }
  }

  const cast = new Float32Array(side * side);
  for (let step = 1; step <= STEPS; step++) {
    const share = step / STEPS;
    const dx = Math.round(((-towards[0] / towards[2]) * part.height * share) / GRID);
    const dy = Math.round(((-towards[1] / towards[2]) * part.height * share) / GRID);
    const layer = shift(outline, side, dx, dy);
    blur(layer, side, (0.8 + 0.09 * part.height * share) / GRID);
    for (let i = 0; i < cast.length; i++) cast[i] = Math.max(cast[i]!, layer[i]! * (1 - 0.25 * share));
  }
  const contact = outline.slice();
  blur(contact, side, (3 + part.height * 0.12) / GRID);
  const keep = cast.map((value, at) => (1 - 0.62 * value) * (1 - 0.5 * contact[at]!));

  const last = (side - 1) * GRID;
  for (let row = Math.max(0, -y0); row < last && y0 + row < height; row++) {
    for (let column = Math.max(0, -x0); column < last && x0 + column < width; column++) {
      const kept = sample(keep, side, (column + 0.5) / GRID, (row + 0.5) / GRID);
      const to = ((y0 + row) * width + x0 + column) * 3;
      // The room's light that is left is a little bluer than the lamp's.
      pixels[to]! *= kept;
      pixels[to + 1]! *= kept + 0.012 * (1 - kept);
      pixels[to + 2]! *= kept + 0.045 * (1 - kept);
    }
  }
}

/** Bilinear; the position lies inside the grid. */
function sample(values: Float32Array, side: number, x: number, y: number): number {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  const [u, v] = [x - column, y - row];
  const at = row * side + column;
  const top = values[at]! * (1 - u) + values[at + 1]! * u;
  const bottom = values[at + side]! * (1 - u) + values[at + side + 1]! * u;
  return top * (1 - v) + bottom * v;
}

function shift(from: Float32Array, side: number, dx: number, dy: number): Float32Array {
  const to = new Float32Array(from.length);
  for (let row = Math.max(0, dy); row < Math.min(side, side + dy); row++) {
    for (let column = Math.max(0, dx); column < Math.min(side, side + dx); column++) {
      to[row * side + column] = from[(row - dy) * side + column - dx]!;
    }
  }
  return to;
}

/** Two box blurs each way, near enough to a Gaussian of this radius; in place. */
function blur(values: Float32Array, side: number, radius: number): void {
  const reach = Math.max(1, Math.round(radius));
  const line = new Float32Array(side);
  for (let pass = 0; pass < 2; pass++) {
    for (let k = 0; k < side; k++) {
      blurLine(values, k * side, 1, side, reach, line);
      blurLine(values, k, side, side, reach, line);
    }
  }
}

function blurLine(
  values: Float32Array,
  from: number,
  stride: number,
  count: number,
  reach: number,
  line: Float32Array,
) {
  let sum = 0;
  for (let i = -reach; i < count; i++) {
    if (i + reach < count) sum += values[from + (i + reach) * stride]!;
    if (i - reach - 1 >= 0) sum -= values[from + (i - reach - 1) * stride]!;
    if (i >= 0) line[i] = sum / (2 * reach + 1);
  }
  for (let i = 0; i < count; i++) values[from + i * stride] = line[i]!;
}
