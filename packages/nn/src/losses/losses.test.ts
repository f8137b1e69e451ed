import { encodeModel, GraphBuilder, modelOf, type Value } from '@fovea/onnx';
import fc from 'fast-check';
import ort from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { boxOverlap } from './box-iou.js';
import { qualityFocalLoss } from './quality-focal.js';

const rows = 64;

/** Builds a graph over two inputs and gives a function that runs it on lists of up to `rows` rows. */
async function compile(width: number, build: (graph: GraphBuilder, a: Value, b: Value) => Record<string, Value>) {
  const graph = new GraphBuilder('loss');
  const [a, b] = [graph.input('a', 'float32', [rows, width]), graph.input('b', 'float32', [rows, width])];
  for (const [name, value] of Object.entries(build(graph, a, b))) graph.output(value, name);
  const session = await ort.InferenceSession.create(encodeModel(modelOf(graph.build())), { logSeverityLevel: 3 });
  const feed = (list: readonly (readonly number[])[]) => {
    const data = new Float32Array(rows * width);
    list.forEach((row, i) => {
      data.set(row, i * width);
    });
    return new ort.Tensor('float32', data, [rows, width]);
  };
  return async (listA: readonly (readonly number[])[], listB: readonly (readonly number[])[]) => {
    const outputs = await session.run({ a: feed(listA), b: feed(listB) });
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { data }]) => [
        name,
        Array.from(data as Float32Array).slice(0, listA.length),
      ]),
    );
  };
}

type Box = readonly [number, number, number, number];

/** IoU and GIoU as Rezatofighi et al. write them, in plain numbers. */
function overlapOf([ax0, ay0, ax1, ay1]: Box, [bx0, by0, bx1, by1]: Box): [number, number] {
  const area = (w: number, h: number) => Math.max(0, w) * Math.max(0, h);
  const intersection = area(Math.min(ax1, bx1) - Math.max(ax0, bx0), Math.min(ay1, by1) - Math.max(ay0, by0));
  const union = area(ax1 - ax0, ay1 - ay0) + area(bx1 - bx0, by1 - by0) - intersection;
  const hull = area(Math.max(ax1, bx1) - Math.min(ax0, bx0), Math.max(ay1, by1) - Math.min(ay0, by0));
  const iou = intersection / union;
  return [iou, iou - (hull - union) / hull];
}

describe('boxOverlap', () => {
  let run: Awaited<ReturnType<typeof compile>>;
  beforeAll(async () => {
    run = await compile(4, (graph, a, b) => ({ ...boxOverlap(graph, a, b) }));
  });

  it('knows the cases one can do by hand', async () => {
    const cases: [Box, Box, number, number][] = [
      [[0, 0, 10, 10], [0, 0, 10, 10], 1, 1],
      [[0, 0, 10, 10], [0, 0, 10, 5], 0.5, 0.5],
      [[0, 0, 2, 2], [1, 1, 3, 3], 1 / 7, 1 / 7 - 2 / 9],
      [[0, 0, 1, 1], [1, 0, 2, 1], 0, 0],
      [[0, 0, 1, 1], [9, 0, 10, 1], 0, -0.8],
      [[0, 0, 1, 1], [999, 999, 1000, 1000], 0, -(1 - 2e-6)],
    ];
    const { iou, giou } = await run(
      cases.map(([a]) => a),
      cases.map(([, b]) => b),
    );
    cases.forEach(([, , expectedIou, expectedGiou], i) => {
      expect(iou![i]).toBeCloseTo(expectedIou, 5);
      expect(giou![i]).toBeCloseTo(expectedGiou, 5);
    });
  });

  it('is the formula, symmetric, and within its bounds', async () => {
    const side = fc.integer({ min: 1, max: 400 });
    const box = fc.tuple(side, side, side, side).map(([x, y, w, h]): Box => [x / 2, y / 2, x / 2 + w, y / 2 + h]);
    const boxes = fc.array(box, { minLength: rows, maxLength: rows });
    await fc.assert(
      fc.asyncProperty(boxes, boxes, async (a, b) => {
        const there = await run(a, b);
        const back = await run(b, a);
        a.forEach((each, i) => {
          const [iou, giou] = overlapOf(each, b[i]!);
          expect(there.iou![i]).toBeCloseTo(iou, 4);
          expect(there.giou![i]).toBeCloseTo(giou, 4);
          expect(back.giou![i]).toBeCloseTo(there.giou![i]!, 6);
        });
        expect(there.iou!.every((v) => v >= 0 && v <= 1)).toBe(true);
        expect(there.giou!.every((v, i) => v > -1 && v <= there.iou![i]! + 1e-6)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it('gives 0 rather than NaN for boxes without area, and for boxes turned inside out', async () => {
    const { iou, giou } = await run(
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
    expect(iou!.every((v) => v === 0)).toBe(true);
    expect(giou!.every(Number.isFinite)).toBe(true);
  });
});

describe('qualityFocalLoss', () => {
  let run: Awaited<ReturnType<typeof compile>>;
  beforeAll(async () => {
    run = await compile(1, (graph, logits, quality) => ({ loss: qualityFocalLoss(graph, logits, quality) }));
  });
  const lossOf = async (logit: number, quality: number) => (await run([[logit]], [[quality]])).loss![0]!;

  it('is equation 3 of the paper', async () => {
    const logits = fc.array(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: rows, maxLength: rows });
    const qualities = fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: rows, maxLength: rows });
    await fc.assert(
      fc.asyncProperty(logits, qualities, async (z, y) => {
        const { loss } = await run(
          z.map((value) => [value]),
          y.map((value) => [value]),
        );
        z.forEach((logit, i) => {
          const p = 1 / (1 + Math.exp(-logit));
          const q = y[i]!;
          const expected = -((q - p) ** 2) * ((1 - q) * Math.log(1 - p) + q * Math.log(p));
          expect(loss![i]).toBeCloseTo(expected, 4);
        });
      }),
      { numRuns: 20 },
    );
  });

  it('is 0 where the probability is the quality, focal loss with gamma 2 for background', async () => {
    expect(await lossOf(0, 0.5)).toBeCloseTo(0, 7);
    expect(await lossOf(Math.log(3), 0.75)).toBeCloseTo(0, 6);
    expect(await lossOf(0, 0)).toBeCloseTo(0.25 * Math.LN2, 6);
    expect(await lossOf(0, 1)).toBeCloseTo(0.25 * Math.LN2, 6);
  });

  it('neither overflows nor turns NaN for certain logits', async () => {
    expect(await lossOf(1000, 1)).toBeCloseTo(0, 5);
    expect(await lossOf(-1000, 0)).toBeCloseTo(0, 5);
    expect(await lossOf(100, 0)).toBeCloseTo(100, 3);
    expect(await lossOf(-100, 1)).toBeCloseTo(100, 3);
  });
});
