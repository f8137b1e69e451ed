import { type CocoRle, maskFromCoco, type ObjectShape, type RotatedBox } from '@fovea/annotations';

/** An object to draw: its box, and whatever is known of its shape, in pixels of its picture. */
export interface DrawnShape {
  readonly box: readonly [number, number, number, number] | null;
  readonly polygons?: readonly (readonly number[])[];
  readonly holes?: readonly (readonly number[])[];
  readonly mask?: { readonly size: readonly number[]; readonly counts: string | readonly number[] };
  readonly rotatedBox?: {
    readonly center: readonly number[];
    readonly width: number;
    readonly height: number;
    readonly angle: number;
  };
  readonly keypoints?: readonly number[];
}

/** What draws an object: lines, a body to tint, and dots; each SVG path data, perhaps empty. */
export interface ShapePaths {
  readonly lines: string;
  readonly body: string;
  readonly dots: string;
}

/** Columns that a mask is drawn in at most: finer ones are not seen and cost a browser dearly. */
const mostColumns = 200;
const known = new WeakMap<object, ShapePaths>();

/** The paths of an object; of the same object they are made once. `dot` is the radius of key points. */
export function shapePaths(shape: DrawnShape, dot: number): ShapePaths {
  const before = known.get(shape);
  if (before) return before;
  const paths = makePaths(shape, dot);
  known.set(shape, paths);
  return paths;
}

function makePaths({ box, polygons, holes = [], mask, rotatedBox, keypoints }: DrawnShape, dot: number): ShapePaths {
  const dots = keypoints ? dotsPath(keypoints, dot) : '';
  if (polygons && polygons.length > 0) {
    // Holes go round the other way, so that they are cut out wherever else the class has something.
    const outlines = [
      ...polygons.map((outline) => outlinePath(turned(outline, 1))),
      ...holes.map((outline) => outlinePath(turned(outline, -1))),
    ].join('');
    return { lines: outlines, body: outlines, dots };
  }
  if (mask) return { lines: '', body: maskPath(mask), dots };
  const lines = rotatedBox
    ? outlinePath(cornersOf(rotatedBox as RotatedBox))
    : box
      ? `M${box[0]} ${box[1]}H${box[2]}V${box[3]}H${box[0]}Z`
      : '';
  return { lines, body: '', dots };
}

/** A closed outline of x0, y0, x1, y1, … */
function outlinePath(outline: readonly number[]): string {
  let path = '';
  for (let at = 0; at + 1 < outline.length; at += 2)
    path += `${at === 0 ? 'M' : 'L'}${round(outline[at]!)} ${round(outline[at + 1]!)}`;
  return path === '' ? '' : `${path}Z`;
}

/** An outline that goes round by `sense`: 1 clockwise as seen, -1 the other way. */
function turned(outline: readonly number[], sense: 1 | -1): readonly number[] {
  const count = outline.length / 2;
  let doubleArea = 0;
  for (let at = 0; at < count; at++) {
    const next = (at + 1) % count;
    doubleArea += outline[2 * at]! * outline[2 * next + 1]! - outline[2 * next]! * outline[2 * at + 1]!;
  }
  if (doubleArea * sense >= 0) return outline;
  return Array.from({ length: count }, (_, at) => outline.slice(2 * (count - 1 - at), 2 * (count - at))).flat();
}

/** The four corners of a turned box, clockwise as seen. */
export function cornersOf({ center: [x, y], width, height, angle }: RotatedBox): number[] {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ].flatMap(([across, down]) => {
    const [dx, dy] = [(across! * width) / 2, (down! * height) / 2];
    return [x + dx * cos - dy * sin, y + dx * sin + dy * cos];
  });
}

/** A mask as upright bars, one for each run of pixels in the columns that are drawn. */
function maskPath(mask: NonNullable<DrawnShape['mask']>): string {
  const { width, height, counts } = maskFromCoco(mask as CocoRle);
  const step = Math.max(1, Math.ceil(width / mostColumns));
  let path = '';
  let at = 0;
  for (let run = 0; run < counts.length; run++) {
    const length = counts[run]!;
    if (run % 2 === 1 && length > 0) {
      // A run may go on in the next column.
      const [first, last] = [Math.floor(at / height), Math.floor((at + length - 1) / height)];
      for (let x = Math.ceil(first / step) * step; x <= last; x += step) {
        const top = x === first ? at - first * height : 0;
        const bottom = x === last ? at + length - last * height : height;
        path += `M${x} ${top}h${step}V${bottom}h-${step}Z`;
      }
    }
    at += length;
  }
  return path;
}

/** Key points that are marked; hidden ones as rings drawn half the size. */
function dotsPath(keypoints: readonly number[], radius: number): string {
  let path = '';
  for (let at = 0; at + 2 < keypoints.length; at += 3) {
    const [x, y, v] = [keypoints[at]!, keypoints[at + 1]!, keypoints[at + 2]!];
    if (v === 0) continue;
    const r = round(v === 1 ? radius / 2 : radius);
    path += `M${round(x - r)} ${round(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
  }
  return path;
}

const round = (value: number) => Math.round(value * 100) / 100;

/** What a shape is beyond a box, by the name it has in the catalogue; undefined for a plain box. */
export function shapeKind(shape: Pick<ObjectShape, 'polygons' | 'mask' | 'rotatedBox' | 'keypoints'>) {
  if (shape.keypoints) return 'keypoints' as const;
  if (shape.polygons) return 'polygon' as const;
  if (shape.mask) return 'mask' as const;
  return shape.rotatedBox ? ('rotatedBox' as const) : undefined;
}
