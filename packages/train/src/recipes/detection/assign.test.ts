import type { LabelledBox } from '@fovea/image';
import { detectorNetwork, positionsOf } from '@fovea/models';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAssigner } from './assign.js';

const [width, height, classes] = [128, 96, 3];
const network = detectorNetwork({ classes, width, height });
const { x, y } = positionsOf(network);
const count = x.length;
const assigner = createAssigner(network, classes);

/** Assigns and reads the targets back: per assigned position its class and box. */
function assign(boxes: readonly LabelledBox[]) {
  const targets = { classes: new Float32Array(classes * count).fill(9), boxes: new Float32Array(4 * count).fill(9) };
  const assigned = assigner(boxes, targets);
  const positions: { at: number; classIndex: number; box: number[] }[] = [];
  let clean = targets.classes.every((mark) => mark === 0 || mark === 1);
  for (let at = 0; at < count; at++) {
    const own = Array.from({ length: classes }, (_, c) => c).filter((c) => targets.classes[c * count + at] === 1);
    const box = [0, 1, 2, 3].map((side) => targets.boxes[side * count + at]!);
    if (own.length === 1) positions.push({ at, classIndex: own[0]!, box });
    else clean &&= own.length === 0 && box.every((value) => value === 0);
  }
  expect(clean, 'a position has one class or none, and nothing of the batch before').toBe(true);
  expect(positions.length).toBe(assigned);
  return positions;
}

/** Boxes on half pixels, so that float32 keeps them as they are. */
const boxArbitrary = (least: number) =>
  fc
    .tuple(
      fc.integer({ min: 0, max: 2 * (width - least) }),
      fc.integer({ min: 0, max: 2 * (height - least) }),
      fc.integer({ min: 2 * least, max: 2 * width }),
      fc.integer({ min: 2 * least, max: 2 * height }),
      fc.integer({ min: 0, max: classes - 1 }),
    )
    .map(
      ([left, top, w, h, classIndex]): LabelledBox => ({
        classIndex,
        box: [left / 2, top / 2, Math.min(width, (left + w) / 2), Math.min(height, (top + h) / 2)],
      }),
    );

describe('the assigner', () => {
  it('assigns nothing where there are no boxes', () => {
    expect(assign([{ classIndex: 1, box: [10, 10, 60, 60] }]).length).toBeGreaterThan(0);
    expect(assign([])).toEqual([]);
  });

  it('gives every single box a position of its class, however small or wherever it lies', () => {
    fc.assert(
      fc.property(boxArbitrary(1), (box) => {
        const positions = assign([box]);
        expect(positions.length).toBeGreaterThan(0);
        expect(new Set(positions.map(({ at: _, ...target }) => JSON.stringify(target)))).toEqual(
          new Set([JSON.stringify({ classIndex: box.classIndex, box: box.box })]),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('gives every box of several a position, and a position one of the boxes', () => {
    fc.assert(
      fc.property(fc.array(boxArbitrary(4), { minLength: 1, maxLength: 8 }), (boxes) => {
        const positions = assign(boxes);
        const key = ({ classIndex, box }: { classIndex: number; box: readonly number[] }) => `${classIndex}:${box}`;
        expect(new Set(positions.map(key))).toEqual(new Set(boxes.map(key)));
      }),
      { numRuns: 300 },
    );
  });

  it('chooses positions inside the box, for boxes large enough to hold one', () => {
    fc.assert(
      fc.property(boxArbitrary(17), ({ classIndex, box }) => {
        const inside = (at: number) => x[at]! > box[0] && x[at]! < box[2] && y[at]! > box[1] && y[at]! < box[3];
        expect(assign([{ classIndex, box }]).filter(({ at }) => !inside(at))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('answers for small things on fine levels and for large ones on coarse levels', () => {
    const { stride } = positionsOf(network);
    const strides = (box: LabelledBox['box']) => assign([{ classIndex: 0, box }]).map(({ at }) => stride[at]!);
    expect(Math.max(...strides([50, 40, 62, 52]))).toBe(8);
    expect(Math.min(...strides([2, 2, 126, 94]))).toBeGreaterThanOrEqual(16);
  });

  it('gives a contested position to the box that fits it better', () => {
    const large: LabelledBox = { classIndex: 0, box: [0, 0, 128, 96] };
    const small: LabelledBox = { classIndex: 1, box: [40, 24, 72, 56] };
    for (const order of [
      [large, small],
      [small, large],
    ]) {
      const positions = assign(order);
      expect(new Set(positions.map(({ classIndex }) => classIndex))).toEqual(new Set([0, 1]));
    }
    const first = assign([large, small]);
    expect(assign([small, large])).toEqual(first);
  });
});
