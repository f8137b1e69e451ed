import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  nearestPoint,
  panBy,
  pointsInside,
  pointsOf,
  pointTowards,
  printView,
  readView,
  scaleOf,
  zoomAt,
} from './points.js';

const pointsAt = (places: readonly (readonly [number, number])[]) =>
  pointsOf(
    {
      model: 'pixels',
      x: places.map(([x]) => x),
      y: places.map(([, y]) => y),
      sha256s: places.map((_, at) => String(at)),
      classIndices: places.map(() => -1),
    },
    new Set(),
  );
const share = fc.double({ min: 0, max: 1, noNaN: true });

it('leaves out points that are gone', () => {
  const map = {
    model: 'm',
    x: [0.1, 0.2, 0.3],
    y: [0.4, 0.5, 0.6],
    sha256s: ['a', 'b', 'c'],
    classIndices: [0, -1, 2],
  };
  const points = pointsOf(map, new Set(['b']));
  expect(points.sha256s).toEqual(['a', 'c']);
  expect([...points.classes]).toEqual([0, 2]);
  expect(points.x[1]).toBeCloseTo(0.3);
});

it('zooms about the pointer: what is under it stays under it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 300, max: 500 }), fc.integer({ min: 200, max: 400 }), (px, py) => {
      const view = { x: 0.5, y: 0.5, zoom: 2 };
      const next = zoomAt(view, 1.5, px, py, 800, 600);
      const placeOf = (of: typeof view) => of.x + (px - 400) / scaleOf(of, 800, 600);
      expect(placeOf(next)).toBeCloseTo(placeOf(view), 9);
      expect(next.zoom).toBeCloseTo(3);
    }),
  );
});

it('moves with the pointer, but never off the map', () => {
  const view = { x: 0.5, y: 0.5, zoom: 1 };
  expect(panBy(view, 55.2, 0, 800, 600).x).toBeCloseTo(0.4);
  expect(panBy(view, -10_000, 10_000, 800, 600)).toEqual({ x: 1, y: 0, zoom: 1 });
});

it('finds the nearest point, and none beyond the reach', () => {
  const points = pointsAt([
    [0.1, 0.1],
    [0.5, 0.5],
    [0.52, 0.5],
  ]);
  expect(nearestPoint(points, 0.515, 0.5, 0.1)).toBe(2);
  expect(nearestPoint(points, 0.3, 0.3, 0.05)).toBeUndefined();
});

it('goes the way an arrow points', () => {
  const points = pointsAt([
    [0.5, 0.5],
    [0.6, 0.5],
    [0.5, 0.2],
    [0.45, 0.9],
  ]);
  const from = { x: 0.5, y: 0.5 };
  expect(pointTowards(points, from, [1, 0], 0)).toBe(1);
  expect(pointTowards(points, from, [0, -1], 0)).toBe(2);
  expect(pointTowards(points, from, [0, 1], 0)).toBe(3);
  expect(pointTowards(points, from, [-1, 0], 0)).toBeUndefined();
});

it('takes exactly the points of a rectangle drawn as an outline', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(share, share), { maxLength: 60 }), (places) => {
      const outline = [
        [0.25, 0.3],
        [0.8, 0.3],
        [0.8, 0.75],
        [0.25, 0.75],
      ] as const;
      const points = pointsAt(places);
      const inside = pointsInside(points, outline);
      for (let at = 0; at < points.count; at++) {
        const [x, y] = [points.x[at]!, points.y[at]!];
        const edges = [x - 0.25, x - 0.8, y - 0.3, y - 0.75];
        if (edges.some((edge) => Math.abs(edge) < 1e-6)) continue;
        expect(inside.includes(at)).toBe(x > 0.25 && x < 0.8 && y > 0.3 && y < 0.75);
      }
    }),
  );
});

it('leaves the hole of an outline that bends around it', () => {
  const points = pointsAt([
    [0.5, 0.5],
    [0.2, 0.5],
    [0.5, 0.2],
  ]);
  // The letter U, its opening at the top.
  const outline = [
    [0.1, 0.1],
    [0.3, 0.1],
    [0.3, 0.8],
    [0.7, 0.8],
    [0.7, 0.1],
    [0.9, 0.1],
    [0.9, 0.9],
    [0.1, 0.9],
  ] as const;
  expect(pointsInside(points, outline)).toEqual([1]);
});

it('reads what it prints of a view, and nothing that is none', () => {
  const view = { x: 0.25, y: 0.75, zoom: 3.5 };
  expect(readView(printView(view))).toEqual(view);
  expect(printView({ x: 0.5, y: 0.5, zoom: 1 })).toBeUndefined();
  for (const text of [undefined, '', 'a,b,c', '1,2', '0.5,0.5,1,1', '0.1,NaN,1'])
    expect(readView(text)).toBeUndefined();
});
