import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CocoMetrics, evaluateCoco } from './coco.js';
import { type CocoGroundTruth, type CocoResult, detectIouType, type IouType } from './coco-data.js';
import { evaluateDetections } from './detection.js';

/** -1 where nothing is defined, as the COCO API writes it. */
const plain = (values: readonly (number | null)[]) => values.map((value) => value ?? -1);
const far = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((value, at) => Math.abs(value - b[at]!)));

/** Random cases with what pycocotools says of them; see fixtures/record-coco.py. */
const recorded: {
  iouType: IouType;
  groundTruth: CocoGroundTruth;
  predictions: CocoResult[];
  stats: number[];
  classes: [number, number][];
}[] = readFileSync(new URL('../fixtures/coco.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

test.each(recorded.map((entry, at) => [at, entry.iouType, entry] as const))(
  "case %i, %s: the COCO API's figures",
  (_, iouType, { stats, classes, ...evaluation }) => {
    const metrics = evaluateCoco(evaluation);
    expect(metrics.stats).toHaveLength(iouType === 'keypoints' ? 10 : 12);
    expect(far(stats, plain(metrics.stats))).toBeLessThan(1e-12);
    const own = metrics.perClass.flatMap(({ AP, AR }) => plain([AP, AR]));
    expect(far(classes.flat(), own)).toBeLessThan(1e-12);
  },
);

const shared = join(
  process.env.FOVEA_SHARED ?? join(dirname(fileURLToPath(import.meta.url)), '../../../../shared'),
  'data/coco-eval',
);

/** pycocotools 2.0.11 on the same files: COCOeval(gt, gt.loadRes(file), type).stats. */
describe.skipIf(!existsSync(shared))(
  'COCO val2014, a hundred pictures (skipped where ../shared/data is absent)',
  () => {
    const read = (name: string) => JSON.parse(readFileSync(join(shared, name), 'utf8'));
    test.each<[string, IouType, number[]]>([
      [
        'bbox',
        'bbox',
        [
          0.5045806987249628, 0.6969727247299577, 0.5729816669904824, 0.5856257209410443, 0.5193996948036719,
          0.5013978986347466, 0.38681277964578054, 0.5936795762842003, 0.595352982877607, 0.6398109626113442,
          0.5664205978994309, 0.5642905982905982,
        ],
      ],
      [
        'segm',
        'segm',
        [
          0.3195452758576433, 0.5622883972521636, 0.29892653412086784, 0.3873740315997837, 0.31018272403369485,
          0.3269339071005138, 0.2682297225711534, 0.41544868114906375, 0.4168394992198818, 0.4694498622754236,
          0.37675922666197265, 0.3814715099715099,
        ],
      ],
      [
        'segm',
        'bbox',
        [
          0.48289170148234417, 0.6962084377749465, 0.5407569684722431, 0.5254228823108595, 0.49925579361227324,
          0.5084354019955392, 0.37200651383679467, 0.5684026274587862, 0.5700011134172722, 0.5912282281751813,
          0.5562049668485596, 0.5547649572649572,
        ],
      ],
      [
        'bbox',
        'segm',
        [
          0.13216871724940724, 0.3488394479598221, 0.0745055408332098, 0.16749221647165125, 0.11125941873876223,
          0.16918904731162443, 0.12508702602523036, 0.18018078559064407, 0.18123499804485652, 0.19562762244975038,
          0.1330406911928651, 0.21853276353276355,
        ],
      ],
    ])('%s results measured by %s', (results, iouType, stats) => {
      const groundTruth = read('instances_val2014_100.json');
      const predictions = read(`instances_val2014_fake${results}100_results.json`);
      expect(detectIouType(predictions)).toBe(results);
      const metrics = evaluateCoco({ groundTruth, predictions, iouType });
      expect(far(stats, plain(metrics.stats))).toBeLessThan(1e-12);
      expect(metrics).toMatchObject({ iouType, images: 100, predictions: 734, groundTruth: 839 - 9, problems: [] });
      expect(metrics.AP).toBe(metrics.stats[0]);
    });
  },
);

describe('by hand', () => {
  const truth = (more: Partial<CocoGroundTruth> = {}): CocoGroundTruth => ({
    images: [{ id: 1, width: 100, height: 100 }],
    categories: [{ id: 3, name: 'ant' }],
    annotations: [{ id: 1, image_id: 1, category_id: 3, bbox: [10, 10, 40, 40], area: 1600, iscrowd: 0 }],
    ...more,
  });
  const hit: CocoResult = { image_id: 1, category_id: 3, bbox: [10, 10, 40, 40], score: 0.9 };
  const evaluate = (predictions: unknown, groundTruth: unknown = truth(), iouType: IouType = 'bbox'): CocoMetrics =>
    evaluateCoco({ groundTruth, predictions, iouType } as Parameters<typeof evaluateCoco>[0]);

  test('found, missed, and nothing to be found: 1, 0 and null', () => {
    expect(evaluate([hit])).toMatchObject({ AP: 1, AR1: 1, APmedium: 1, APlarge: null, problems: [] });
    expect(evaluate([])).toMatchObject({ AP: 0, AR100: 0, predictions: 0 });
    const nothing = evaluate([hit], truth({ annotations: [] }));
    expect(nothing.stats).toEqual(new Array(12).fill(null));
    expect(JSON.stringify(nothing)).not.toContain('NaN');
    expect(evaluate([], { images: [], categories: [], annotations: [] }).stats).toEqual(new Array(12).fill(null));
  });

  test('the same figures as from boxes alone', () => {
    const groundTruth = truth({
      annotations: [
        { id: 1, image_id: 1, category_id: 3, bbox: [10, 10, 40, 40] },
        { id: 2, image_id: 1, category_id: 3, bbox: [60, 60, 30, 30] },
      ],
    });
    const coco = evaluate([hit, { ...hit, bbox: [60, 60, 30, 20], score: 0.4 }], groundTruth);
    const boxes = evaluateDetections(
      [
        {
          id: '1',
          width: 100,
          height: 100,
          groundTruth: [
            { classIndex: 0, box: [10, 10, 50, 50] },
            { classIndex: 0, box: [60, 60, 90, 90] },
          ],
          predictions: [
            { classIndex: 0, box: [10, 10, 50, 50], confidence: 0.9 },
            { classIndex: 0, box: [60, 60, 90, 80], confidence: 0.4 },
          ],
        },
      ],
      ['ant'],
    );
    for (const name of ['AP', 'AP50', 'AP75', 'AR1', 'AR100', 'APsmall', 'APmedium'] as const) {
      expect((coco as unknown as Record<string, number | null>)[name]).toBe(boxes[name]);
    }
  });

  test('what is left out is told with its count', () => {
    const groundTruth = truth({
      annotations: [
        ...truth().annotations,
        { id: 0, image_id: 1, category_id: 3, bbox: [60, 60, 30, 30] },
        { id: 2, image_id: 9, category_id: 3, bbox: [0, 0, 5, 5] },
        { id: 3, image_id: 1, category_id: 9, bbox: [0, 0, 5, 5] },
      ],
    });
    const { problems, AP } = evaluate(
      [hit, { ...hit, bbox: [60, 60, 30, 30] }, { ...hit, category_id: 7 }, { ...hit, category_id: 8 }],
      groundTruth,
    );
    expect(AP).toBe(1);
    expect(problems.map(({ code, count }) => [code, count])).toEqual([
      ['unknown_category', 2],
      ['annotation_without_image', 1],
      ['annotation_without_category', 1],
      ['annotation_ids', 1],
    ]);
  });

  test.each<[string, unknown, RegExp]>([
    ['bad_results', { predictions: [] }, /an object with predictions/],
    ['bad_results', [null], /Entry 0 of the results is no object/],
    ['bad_results', [hit, { ...hit, score: Number.NaN }], /Entry 1 of the results has the score null; a finite/],
    ['bad_results', [{ ...hit, score: '0.5' }], /has the score "0.5"/],
    ['bad_results', [{ ...hit, score: undefined }], /no "score"/],
    ['bad_results', [{ ...hit, image_id: undefined }], /no "image_id"/],
    ['bad_results', [{ ...hit, category_id: {} }], /category_id an object, neither/],
    ['bad_results', [{ ...hit, bbox: [1, 2, 3] }], /bbox \[1,2,3\], not four finite/],
    ['bad_results', [hit, { ...hit, bbox: undefined }], /Entry 1 of the results has no "bbox"/],
    ['unknown_image', [hit, { ...hit, image_id: 5 }, { ...hit, image_id: 5 }], /2 predictions are on .*image_id 5/],
  ])('%s: %j', (code, predictions, sentence) => {
    expect(() => evaluate(predictions)).toThrow(expect.objectContaining({ code }));
    expect(() => evaluate(predictions)).toThrow(sentence);
  });

  test.each<[unknown, RegExp]>([
    [null, /"images" is none/],
    [{ images: [], categories: [] }, /"annotations" is none here \(there is images, categories\)/],
    [truth({ images: [{ id: 1 }, { id: 1 }] }), /Entry 1 of the images has the id 1, as one before/],
    [truth({ categories: [{ name: 'ant' } as never] }), /Entry 0 of the categories has no "id"/],
    [truth({ annotations: [{ image_id: 1, category_id: 3 }] }), /Entry 0 of the annotations has no "bbox"/],
  ])('bad_ground_truth, case %#', (groundTruth, sentence) => {
    const run = () => evaluate([hit], groundTruth);
    expect(run).toThrow(expect.objectContaining({ code: 'bad_ground_truth' }));
    expect(run).toThrow(sentence);
  });

  test('masks and key points that cannot be used are named', () => {
    const segmentation = { size: [100, 100], counts: [0, 10_000] };
    const masked = truth({ annotations: [{ ...truth().annotations[0]!, segmentation: segmentation as never }] });
    const found = (more: object) => [{ image_id: 1, category_id: 3, score: 1, ...more }];
    expect(evaluate(found({ segmentation }), masked, 'segm').AP).toBe(1);
    const small = { size: [2, 2], counts: [4] };
    expect(() => evaluate(found({ segmentation: small }), masked, 'segm')).toThrow(/2 x 2 pixels on a picture of 100/);
    const broken = { size: [100, 100], counts: 'oo' };
    expect(() => evaluate(found({ segmentation: broken }), masked, 'segm')).toThrow(
      /Entry 0 of the results has a segmentation that cannot be used: .* middle of a number\./,
    );
    expect(() => evaluate(found({ segmentation }), truth(), 'segm')).toThrow(/Entry 0 of the annotations has no "segm/);
    const unsized = { ...masked, images: [{ id: 1 }] };
    expect(() => evaluate(found({ segmentation: [[0, 0, 1, 1, 2, 0]] }), unsized, 'segm')).toThrow(
      /no width and height/,
    );
    expect(() => evaluate(found({ keypoints: [1, 2, 1] }), truth(), 'keypoints')).toThrow(/1 key points where .* 17/);
    expect(() => evaluate([hit], truth(), 'boxes' as IouType)).toThrow(/there are bbox, segm, keypoints/);
  });

  test('a box that is empty is none, and masks are not to be had of key points', () => {
    const segmentation = { size: [100, 100], counts: [1010, 40, 8950] };
    const found = [{ image_id: 1, category_id: 3, score: 1, bbox: [], segmentation }];
    expect(evaluate(found, truth(), 'bbox').AP).toBe(0);
    const points = [{ image_id: 1, category_id: 3, score: 1, keypoints: new Array(51).fill(1) }];
    const masked = truth({ annotations: [{ ...truth().annotations[0]!, segmentation: [[0, 0, 9, 0, 9, 9]] }] });
    expect(() => evaluate(points, masked, 'segm')).toThrow(/Entry 0 of the results has no "segmentation"/);
    let deep: unknown = 1;
    for (let depth = 0; depth < 100_000; depth++) deep = [deep];
    expect(() => evaluate([{ ...hit, bbox: deep }])).toThrow(/bbox a list of 1 entries, not four finite numbers/);
  });

  test('key points of other things, with their own sigmas', () => {
    const groundTruth = truth({ annotations: [{ ...truth().annotations[0]!, keypoints: [20, 20, 2, 30, 30, 1] }] });
    const predictions = [{ image_id: 1, category_id: 3, score: 1, keypoints: [20, 20, 1, 30, 30, 1] }];
    const metrics = evaluateCoco({ groundTruth, predictions, iouType: 'keypoints', sigmas: [0.05, 0.05] });
    expect(metrics).toMatchObject({ iouType: 'keypoints', AP: 1, AR: 1, APmedium: 1, APlarge: null });
    expect(() => evaluateCoco({ groundTruth, predictions, iouType: 'keypoints', sigmas: [0.05, 0] })).toThrow(
      /0.05, 0/,
    );
  });
});

test('whatever field is replaced by nonsense, there are figures in [0, 1] or a sentence', () => {
  const nonsense = fc.oneof(
    fc.anything(),
    fc.constantFrom({ size: [1e9, 1e9], counts: 'oo' }, [[1e300, 0, 1, 1, 2, 2]]),
  );
  const lists = fc.constantFrom('predictions', 'annotations', 'images', 'categories');
  fc.assert(
    fc.property(fc.constantFrom(...recorded), lists, fc.nat(), fc.nat(), nonsense, (entry, name, at, field, value) => {
      const evaluation = structuredClone(entry);
      const list: object[] = name === 'predictions' ? evaluation.predictions : [...evaluation.groundTruth[name]];
      if (list.length === 0) return;
      const keys = Object.keys(list[at % list.length]!);
      list[at % list.length] = { ...list[at % list.length], [keys[field % keys.length]!]: value };
      const groundTruth = name === 'predictions' ? evaluation.groundTruth : { ...evaluation.groundTruth, [name]: list };
      try {
        const { stats } = evaluateCoco({ ...evaluation, groundTruth } as Parameters<typeof evaluateCoco>[0]);
        for (const figure of stats) expect(figure === null || (figure >= 0 && figure <= 1)).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ name: 'FoveaError' });
      }
    }),
    { numRuns: 300 },
  );
});
