import { encodeModel, GraphBuilder, modelOf } from '@fovea/onnx';
import fc from 'fast-check';
import ort from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { boxOverlap } from './box-iou.js';

const rows = 64;
type Box = readonly [number, number, number, number];

describe('boxOverlap', () => {
  let run: (a: readonly Box[], b: readonly Box[]) => Promise<Record<'iou' | 'giou' | 'diou' | 'ciou', number[]>>;
  beforeAll(async () => {
    const graph = new GraphBuilder('overlap');
    const shape = [rows, 4];
    const overlap = boxOverlap(graph, graph.input('a', 'float32', shape), graph.input('b', 'float32', shape));
    for (const [name, value] of Object.entries(overlap)) graph.output(value, name);
    const session = await ort.InferenceSession.create(encodeModel(modelOf(graph.build())), {
      logSeverityLevel: 3,
      intraOpNumThreads: 1,
    });
    const feed = (boxes: readonly Box[]) => {
      const data = new Float32Array(rows * 4);
      data.set(boxes.flat());
      return new ort.Tensor('float32', data, shape);
    };
    run = async (a, b) => {
      const outputs = await session.run({ a: feed(a), b: feed(b) });
      const list = (name: string) => Array.from(outputs[name]!.data as Float32Array).slice(0, a.length);
      return { iou: list('iou'), giou: list('giou'), diou: list('diou'), ciou: list('ciou') };
    };
  });

  it('knows the cases one can do by hand', async () => {
    // a, b, IoU, GIoU, DIoU; CIoU is the same where the boxes have one aspect ratio.
    const cases: [Box, Box, number, number, number, boolean][] = [
      [[0, 0, 10, 10], [0, 0, 10, 10], 1, 1, 1, true],
      [[0, 0, 10, 10], [0, 0, 10, 5], 0.5, 0.5, 0.5 - 6.25 / 200, false],
      [[0, 0, 2, 2], [1, 1, 3, 3], 1 / 7, 1 / 7 - 2 / 9, 1 / 7 - 2 / 18, true],
      [[0, 0, 1, 1], [1, 0, 2, 1], 0, 0, -1 / 5, true],
      [[0, 0, 1, 1], [9, 0, 10, 1], 0, -0.8, -81 / 101, true],
      [[0, 0, 1, 1], [999, 999, 1000, 1000], 0, -(1 - 2e-6), -(999 ** 2) / 1000 ** 2, true],
    ];
    const { iou, giou, diou, ciou } = await run(
      cases.map(([a]) => a),
      cases.map(([, b]) => b),
    );
    cases.forEach(([, , knownIou, knownGiou, knownDiou, alike], i) => {
      expect(iou[i]).toBeCloseTo(knownIou, 5);
      expect(giou[i]).toBeCloseTo(knownGiou, 5);
      expect(diou[i]).toBeCloseTo(knownDiou, 5);
      if (alike) expect(ciou[i]).toBeCloseTo(knownDiou, 5);
    });
    // v = 4 / pi^2 (atan 2 - atan 1)^2, alpha = v / (0.5 + v)
    const v = (4 / Math.PI ** 2) * (Math.atan(2) - Math.PI / 4) ** 2;
    expect(ciou[1]).toBeCloseTo(0.5 - 6.25 / 200 - (v * v) / (0.5 + v), 5);
  });

  it('is symmetric, within its bounds, and 1 for a box and itself', async () => {
    const side = fc.integer({ min: 1, max: 400 });
    const box = fc.tuple(side, side, side, side).map(([x, y, w, h]): Box => [x / 2, y / 2, x / 2 + w, y / 2 + h]);
    const boxes = fc.array(box, { minLength: rows, maxLength: rows });
    await fc.assert(
      fc.asyncProperty(boxes, boxes, async (a, b) => {
        const there = await run(a, b);
        const back = await run(b, a);
        const own = await run(a, a);
        for (const kind of ['iou', 'giou', 'diou', 'ciou'] as const)
          a.forEach((_, i) => {
            expect(back[kind][i]).toBeCloseTo(there[kind][i]!, 5);
            expect(own[kind][i]).toBeCloseTo(1, 5);
          });
        expect(there.iou.every((v) => v >= 0 && v <= 1)).toBe(true);
        expect(there.giou.every((v, i) => v > -1 && v <= there.iou[i]! + 1e-6)).toBe(true);
        expect(there.diou.every((v, i) => v > -1 && v <= there.iou[i]! + 1e-6)).toBe(true);
        expect(there.ciou.every((v, i) => v > -2 && v <= there.diou[i]! + 1e-6)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it('gives an IoU of 0 rather than NaN for boxes without area, and for boxes turned inside out', async () => {
    const { iou, giou, diou, ciou } = await run(
      [
        [5, 5, 5, 5],
        [0, 0, 0, 0],
        [9, 9, 1, 1],
      ],
      [
        [5, 5, 5, 5],
        [0, 0, 10, 10],
        [0, 0, 10, 10],
      ],
    );
    expect(iou.every((v) => v === 0)).toBe(true);
    expect([...giou, ...diou, ...ciou].every(Number.isFinite)).toBe(true);
  });
});
