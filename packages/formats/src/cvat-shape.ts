import { type BoxAnnotation, encodeMask, FoveaError, maskBox, maskToCoco, polygonBox } from '@fovea/annotations';
import { parseNumber } from './number.js';
import { boxAroundRotated, normalAngle } from './object-shape.js';
import type { XmlElement } from './xml.js';

/** What an element says of an object, or why it says nothing. */
export type CvatShape =
  | { readonly part: Omit<BoxAnnotation, 'className'>; readonly converted?: boolean }
  | { readonly code: string; readonly reason: string };

const SHAPES = ['box', 'polygon', 'mask', 'points', 'skeleton', 'ellipse', 'polyline', 'cuboid'];
const ELLIPSE_CORNERS = 32;
const MAX_MASK_PIXELS = 2 ** 27;

/** Whether an element is a shape, be it one that is left out. */
export function isDrawn(name: string): boolean {
  return SHAPES.includes(name);
}

/**
 * Reads a shape.
 *
 * @param size of the picture, where the file says it
 * @param orderPoints gives the names of a skeleton's points in their order, from those an element has
 */
export function readCvatShape(
  element: XmlElement,
  size: { readonly width: number; readonly height: number } | undefined,
  orderPoints: (names: readonly string[]) => readonly string[],
): CvatShape {
  const shape = readGeometry(element, size, orderPoints);
  if ('code' in shape) return shape;
  const said = element.children
    .filter(({ name, attributes }) => name === 'attribute' && attributes.get('name'))
    .map(({ attributes, text }) => [attributes.get('name')!, text]);
  if (element.attributes.get('occluded') === '1' && element.name !== 'skeleton') said.push(['occluded', '1']);
  return said.length > 0 ? { ...shape, part: { ...shape.part, attributes: Object.fromEntries(said) } } : shape;
}

function readGeometry(
  element: XmlElement,
  size: { readonly width: number; readonly height: number } | undefined,
  orderPoints: (names: readonly string[]) => readonly string[],
): CvatShape {
  const number = (name: string) => parseNumber(element.attributes.get(name));
  switch (element.name) {
    case 'box': {
      const box = [number('xtl'), number('ytl'), number('xbr'), number('ybr')] as const;
      if (!box.every(Number.isFinite)) return bad('xtl, ytl, xbr, ybr are not all numbers');
      const rotation = element.attributes.has('rotation') ? number('rotation') : 0;
      if (!Number.isFinite(rotation)) return bad('its rotation is no number');
      if (rotation % 360 === 0) return { part: { box } };
      const center = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2] as const;
      const angle = normalAngle((rotation * Math.PI) / 180);
      const rotatedBox = { center, width: box[2] - box[0], height: box[3] - box[1], angle };
      return { part: { box: boxAroundRotated(rotatedBox), rotatedBox } };
    }
    case 'polygon': {
      const points = readPoints(element);
      if (!points || points.length < 6) return bad('its points are not three or more pairs of numbers');
      return { part: { box: polygonBox(points), polygons: [points] } };
    }
    case 'ellipse': {
      const [cx, cy, rx, ry] = [number('cx'), number('cy'), number('rx'), number('ry')] as [
        number,
        number,
        number,
        number,
      ];
      const turn = ((element.attributes.has('rotation') ? number('rotation') : 0) * Math.PI) / 180;
      if (![cx, cy, rx, ry, turn].every(Number.isFinite)) return bad('cx, cy, rx, ry are not all numbers');
      const polygon = Array.from({ length: ELLIPSE_CORNERS }, (_, at) => {
        const angle = (at * 2 * Math.PI) / ELLIPSE_CORNERS;
        const [dx, dy] = [rx * Math.cos(angle), ry * Math.sin(angle)];
        return [cx + dx * Math.cos(turn) - dy * Math.sin(turn), cy + dx * Math.sin(turn) + dy * Math.cos(turn)];
      }).flat();
      return { part: { box: polygonBox(polygon), polygons: [polygon] }, converted: true };
    }
    case 'mask':
      return readMask(element, size);
    case 'points': {
      const points = readPoints(element);
      if (!points) return bad('its points are not pairs of numbers');
      const keypoints = Array.from({ length: points.length / 2 }, (_, at) => [
        points[at * 2]!,
        points[at * 2 + 1]!,
        2,
      ]).flat();
      return withPoints(keypoints);
    }
    case 'skeleton':
      return readSkeleton(element, orderPoints);
    default:
      return { code: 'shape_ignored', reason: 'such shapes are not read' };
  }
}

function readSkeleton(element: XmlElement, orderPoints: (names: readonly string[]) => readonly string[]): CvatShape {
  const byName = new Map<string, readonly number[]>();
  for (const child of element.children) {
    const name = child.attributes.get('label');
    const points = child.name === 'points' ? readPoints(child) : undefined;
    if (child.name !== 'points' || name === undefined) continue;
    const [x, y] = points ?? [Number.NaN, Number.NaN];
    if (!Number.isFinite(x) || !Number.isFinite(y)) return bad(`its point ${name} is no pair of numbers`);
    const isHidden = child.attributes.get('occluded') === '1';
    byName.set(name, child.attributes.get('outside') === '1' ? [0, 0, 0] : [x!, y!, isHidden ? 1 : 2]);
  }
  if (byName.size === 0) return bad('it has no points');
  const names = orderPoints([...byName.keys()]);
  const unknown = [...byName.keys()].find((name) => !names.includes(name));
  if (unknown !== undefined)
    return { code: 'bad_keypoints', reason: `its class has no point ${JSON.stringify(unknown)}` };
  return withPoints(names.flatMap((name) => byName.get(name) ?? [0, 0, 0]));
}

/** Key points, with the box around those that are labelled. */
function withPoints(keypoints: readonly number[]): CvatShape {
  const labelled = keypoints.filter((_, at) => keypoints[at - (at % 3) + 2]! > 0 && at % 3 !== 2);
  const box = polygonBox(labelled);
  if (!(box[2] > box[0] && box[3] > box[1])) return { code: 'shape_ignored', reason: 'its points have no extent' };
  return { part: { box, keypoints } };
}

/** `rle`: lengths of runs row by row in the mask's own rectangle, the first of them outside. */
function readMask(
  element: XmlElement,
  size: { readonly width: number; readonly height: number } | undefined,
): CvatShape {
  const [left, top, width, height] = ['left', 'top', 'width', 'height'].map((name) =>
    parseNumber(element.attributes.get(name)),
  );
  const runs = (element.attributes.get('rle') ?? '').split(',').map(parseNumber);
  if (
    ![left, top, width, height].every((side) => Number.isSafeInteger(side) && side! >= 0) ||
    !runs.every((run) => Number.isSafeInteger(run) && run >= 0)
  ) {
    return { code: 'bad_mask', reason: 'its runs, place or size are not whole numbers' };
  }
  if (size === undefined) return { code: 'bad_mask', reason: 'the file does not say the size of its picture' };
  if (size.width * size.height > MAX_MASK_PIXELS || left! + width! > size.width || top! + height! > size.height) {
    return { code: 'bad_mask', reason: `it does not lie in the picture of ${size.width} x ${size.height}` };
  }
  if (runs.reduce((sum, run) => sum + run, 0) !== width! * height!) {
    return { code: 'bad_mask', reason: `its runs are not ${width! * height!} pixels together` };
  }
  const pixels = new Uint8Array(size.width * size.height);
  let at = 0;
  runs.forEach((run, index) => {
    for (const end = at + run; at < end; at++) {
      if (index % 2 === 1) pixels[(top! + Math.floor(at / width!)) * size.width + left! + (at % width!)] = 1;
    }
  });
  try {
    const mask = encodeMask(pixels, size.width, size.height);
    return { part: { box: maskBox(mask), mask: maskToCoco(mask) } };
  } catch (error) {
    if (error instanceof FoveaError) return { code: 'bad_mask', reason: error.message };
    throw error;
  }
}

/** `x,y;x,y`: the numbers in a row, or undefined. */
function readPoints(element: XmlElement): number[] | undefined {
  const pairs = (element.attributes.get('points') ?? '').split(';').map((pair) => pair.split(','));
  const numbers = pairs.flat().map(parseNumber);
  return pairs.every((pair) => pair.length === 2) && numbers.every(Number.isFinite) ? numbers : undefined;
}

function bad(reason: string): CvatShape {
  return { code: 'bad_number', reason };
}
