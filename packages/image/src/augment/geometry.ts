import type { Rectangle } from '../resample.js';
import { type Affine, composed, inverted, moved } from './affine.js';
import type { AugmentPolicy, Range } from './policy.js';

/** How a picture lies on a canvas. */
export interface Geometry {
  /** From pixels of the picture to pixels of the canvas, exactly as the pixels go. */
  readonly affine: Affine;
  /** Set where rows stay rows: the part of the picture that becomes a rectangle of the canvas, turned over if so. */
  readonly axes?: {
    readonly source: Rectangle;
    readonly target: Rectangle;
    readonly mirror: boolean;
    readonly flip: boolean;
  };
}

/** What RandAugment adds to the geometry: degrees, tangents, and parts of the canvas. */
export interface GeometryChange {
  readonly rotate: number;
  readonly shearX: number;
  readonly shearY: number;
  readonly translateX: number;
  readonly translateY: number;
}

export const noChange: GeometryChange = { rotate: 0, shearX: 0, shearY: 0, translateX: 0, translateY: 0 };

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Uniform in the logarithm, so that half and double are equally likely. */
export function logUniform([low, high]: Range, random: () => number): number {
  return Math.exp(Math.log(low) + random() * Math.log(high / low));
}

/** Uniform in -reach to reach. */
export function around(reach: number, random: () => number): number {
  return reach * (2 * random() - 1);
}

/**
 * Draws how a picture comes to lie on a canvas.
 *
 * @param fitted the size that `fit` fits the picture to: the canvas, except for a tile of a mosaic
 */
export function drawGeometry(
  picture: Size,
  canvas: Size,
  policy: AugmentPolicy,
  change: GeometryChange,
  random: () => number,
  fitted: Size = canvas,
): Geometry {
  const laid =
    policy.fit === 'random-resized-crop'
      ? randomResizedCrop(picture, canvas, policy, random)
      : fit(picture, canvas, fitted, policy, random);
  const x = laid.x + change.translateX * canvas.width;
  const y = laid.y + change.translateY * canvas.height;
  const degrees = (policy.rotate ? around(policy.rotate, random) : 0) + change.rotate;
  const tangent = () => Math.tan((around(policy.shear!, random) * Math.PI) / 180);
  const shearX = (policy.shear ? tangent() : 0) + change.shearX;
  const shearY = (policy.shear ? tangent() : 0) + change.shearY;
  const mirror = policy.mirror ? random() < policy.mirror : false;
  const flip = policy.flipVertical ? random() < policy.flipVertical : false;

  if (degrees === 0 && shearX === 0 && shearY === 0) {
    const horizontal = place(picture.width, canvas.width, laid.scaleX, x);
    const vertical = place(picture.height, canvas.height, laid.scaleY, y);
    const left = mirror ? canvas.width - horizontal.at - horizontal.length : horizontal.at;
    const top = flip ? canvas.height - vertical.at - vertical.length : vertical.at;
    const source = { left: horizontal.from, top: vertical.from, width: horizontal.taken, height: vertical.taken };
    const target = { left, top, width: horizontal.length, height: vertical.length };
    const [a, c] = along(horizontal, left, mirror);
    const [e, f] = along(vertical, top, flip);
    return { affine: [a, 0, c, 0, e, f], axes: { source, target, mirror, flip } };
  }

  // About the middle of what is seen, so that it stays in sight.
  const seen = (at: number, size: number, side: number) => (Math.max(0, at) + Math.min(side, at + size)) / 2;
  const pivotX = seen(x, picture.width * laid.scaleX, canvas.width);
  const pivotY = seen(y, picture.height * laid.scaleY, canvas.height);
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  // Rotation after shear; shear is [1, tx; ty, 1 + tx ty], of determinant 1.
  const [a, b] = [cos - sin * shearY, cos * shearX - sin * (1 + shearX * shearY)];
  const [d, e] = [sin + cos * shearY, sin * shearX + cos * (1 + shearX * shearY)];
  const turn: Affine = [a, b, pivotX - a * pivotX - b * pivotY, d, e, pivotY - d * pivotX - e * pivotY];
  const over: Affine = [mirror ? -1 : 1, 0, mirror ? canvas.width : 0, 0, flip ? -1 : 1, flip ? canvas.height : 0];
  const affine = composed(over, composed(turn, [laid.scaleX, 0, x, 0, laid.scaleY, y]));
  return { affine };
}

interface Laid {
  readonly scaleX: number;
  readonly scaleY: number;
  readonly x: number;
  readonly y: number;
}

function fit(picture: Size, canvas: Size, fitted: Size, policy: AugmentPolicy, random: () => number): Laid {
  const kind = policy.fit ?? 'letterbox';
  let scaleX = fitted.width / picture.width;
  let scaleY = fitted.height / picture.height;
  if (kind === 'letterbox') scaleX = scaleY = Math.min(scaleX, scaleY);
  if (kind === 'cover') scaleX = scaleY = Math.max(scaleX, scaleY);
  const size = policy.scale ? logUniform(policy.scale, random) : 1;
  const stretch = policy.stretch ? Math.sqrt(logUniform([1 / policy.stretch, policy.stretch], random)) : 1;
  scaleX *= size * stretch;
  scaleY *= size / stretch;
  const position = (room: number) => {
    const rest = kind === 'letterbox' ? 0 : 0.5;
    const part = policy.translate ? rest + policy.translate * (random() - rest) : rest;
    return room * part;
  };
  return {
    scaleX,
    scaleY,
    x: position(canvas.width - picture.width * scaleX),
    y: position(canvas.height - picture.height * scaleY),
  };
}

/** A rectangle of random area and ratio that becomes the whole canvas (Szegedy et al. 2015, arXiv:1409.4842). */
function randomResizedCrop(picture: Size, canvas: Size, policy: AugmentPolicy, random: () => number): Laid {
  const [low, high] = policy.area ?? [0.08, 1];
  const ratios = policy.ratio ?? [3 / 4, 4 / 3];
  const over = (width: number, height: number, left: number, top: number): Laid => {
    const [scaleX, scaleY] = [canvas.width / width, canvas.height / height];
    return { scaleX, scaleY, x: -left * scaleX, y: -top * scaleY };
  };
  for (let tries = 0; tries < 10; tries++) {
    const area = picture.width * picture.height * (low + random() * (high - low));
    const ratio = logUniform(ratios, random);
    const width = Math.round(Math.sqrt(area * ratio));
    const height = Math.round(Math.sqrt(area / ratio));
    if (width < 1 || height < 1 || width > picture.width || height > picture.height) continue;
    const left = Math.floor(random() * (picture.width - width + 1));
    const top = Math.floor(random() * (picture.height - height + 1));
    return over(width, height, left, top);
  }
  // No such rectangle fits: the largest one in the middle, with the nearest ratio.
  const ratio = Math.min(ratios[1], Math.max(ratios[0], picture.width / picture.height));
  const width = Math.max(1, Math.min(picture.width, Math.round(picture.height * ratio)));
  const height = Math.max(1, Math.min(picture.height, Math.round(picture.width / ratio)));
  return over(width, height, (picture.width - width) >> 1, (picture.height - height) >> 1);
}

/** Along one axis: `taken` source pixels from `from` become `length` canvas pixels from `at`. */
interface Placement {
  readonly from: number;
  readonly taken: number;
  readonly at: number;
  readonly length: number;
}

/** Whole source pixels onto whole canvas pixels, nearest to x' = scale x + offset; at least one of each. */
function place(source: number, canvas: number, scale: number, offset: number): Placement {
  // What is a whole number but for rounding is one.
  const tiny = 1e-6;
  const from = Math.min(source - 1, Math.max(0, Math.floor(-offset / scale + tiny)));
  const to = Math.max(from + 1, Math.min(source, Math.ceil((canvas - offset) / scale - tiny)));
  const at = Math.min(canvas - 1, Math.max(0, Math.round(offset + from * scale)));
  const length = Math.max(1, Math.min(canvas - at, Math.round((to - from) * scale)));
  return { from, taken: to - from, at, length };
}

/** Factor and offset of a placement that begins at `start`, turned over if so. */
function along({ from, taken, length }: Placement, start: number, over: boolean): [number, number] {
  const scale = length / taken;
  return over ? [-scale, start + length + from * scale] : [scale, start - from * scale];
}

/** The rectangle of the picture that the canvas can show, `margin` wider, clipped; one pixel if there is none. */
export function shownPart(affine: Affine, picture: Size, canvas: Size, marginX: number, marginY: number): Rectangle {
  const back = inverted(affine);
  const corners = [moved(back, 0, 0), moved(back, canvas.width, 0), moved(back, 0, canvas.height)];
  corners.push(moved(back, canvas.width, canvas.height));
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
  const [left, width] = within(Math.min(...xs) - marginX, Math.max(...xs) + marginX, picture.width);
  const [top, height] = within(Math.min(...ys) - marginY, Math.max(...ys) + marginY, picture.height);
  return { left, top, width, height };
}

function within(from: number, to: number, side: number): [start: number, length: number] {
  const start = Math.min(side - 1, Math.max(0, Math.floor(from)));
  return [start, Math.max(1, Math.min(side, Math.ceil(to)) - start)];
}
