import { addGradients } from '@fovea/autodiff';
import { type DType, encodeModel, GraphBuilder, modelOf, type Shape, sizeOf, tensorOf, type Value } from '@fovea/onnx';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { normal, seededRandom } from '../initializers.js';
import {
  arcFaceLoss,
  binaryCrossEntropy,
  boxOverlap,
  contrastiveLoss,
  cosFaceLoss,
  countOf,
  crossEntropyLoss,
  denseCrossEntropy,
  denseFocal,
  diceLoss,
  distillationLoss,
  featureDistillationLoss,
  focalLoss,
  focalSoftmaxLoss,
  lovaszLoss,
  pairLoss,
  qualityFocalLoss,
  sharesOf,
  smoothL1,
  tripletLoss,
  tverskyLoss,
  unitLength,
  varifocalLoss,
  weightedSum,
} from './index.js';

type Numbers = number[];
type Inputs = Record<string, Numbers>;

/** An input of a loss: its shape, its numbers, and whether a gradient is taken of it. */
interface Input {
  readonly shape: Shape;
  readonly values: Numbers;
  readonly dtype?: DType;
  readonly fixed?: boolean;
}

interface Case {
  readonly name: string;
  readonly inputs: Readonly<Record<string, Input>>;
  readonly build: (graph: GraphBuilder, inputs: Record<string, Value>) => Value;
  /** The loss in plain doubles, straight from the paper; `at` is where a gradient is taken, for what is held constant. */
  readonly reference: (inputs: Inputs, at: Inputs) => Numbers;
  /** Inputs at which loss and gradients must be finite: logits of 1e4 and the like. */
  readonly extremes?: readonly Inputs[];
}

const draw = (shape: Shape, seed: number, scale = 1.5): Input => {
  const random = seededRandom(seed);
  return { shape, values: Array.from({ length: sizeOf(shape) }, () => scale * normal(random)) };
};
const fixed = (shape: Shape, values: Numbers, dtype: DType = 'float32'): Input => ({
  shape,
  values,
  dtype,
  fixed: true,
});
const uniform = (shape: Shape, seed: number): Input => {
  const random = seededRandom(seed);
  return fixed(shape, Array.from({ length: sizeOf(shape) }, random));
};
const total = (values: Numbers) => values.reduce((sum, value) => sum + value, 0);
const range = (length: number) => Array.from({ length }, (_, i) => i);

/** Rows along axis 1 of [N, C, P]: one list of C numbers per n and p. */
const columns = (values: Numbers, classes: number, places = 1): Numbers[] =>
  range(values.length / classes).map((i) =>
    range(classes).map((c) => values[(Math.floor(i / places) * classes + c) * places + (i % places)]!),
  );
const rows = (values: Numbers, width: number): Numbers[] =>
  range(values.length / width).map((i) => values.slice(i * width, (i + 1) * width));
const logSoftmax = (z: Numbers): Numbers => {
  const top = Math.max(...z);
  const log = top + Math.log(total(z.map((value) => Math.exp(value - top))));
  return z.map((value) => value - log);
};
const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
const dot = (a: Numbers, b: Numbers) => total(a.map((value, i) => value * b[i]!));
const unit = (a: Numbers) => a.map((value) => value / Math.hypot(...a));
const distanceOf = (a: Numbers, b: Numbers) => Math.hypot(...a.map((value, i) => value - b[i]!));
const oneHot = (labels: Numbers, classes: number) =>
  labels.flatMap((label) => range(classes).map((c) => (c === label ? 1 : 0)));

/** - sum_c w_c q_c log p_c for each place, given labels; 0 for what is no class. */
const labelEntropy = (z: Numbers[], labels: Numbers, smoothing = 0, weights?: Numbers) =>
  z.map((row, i) => {
    const label = labels[i]!;
    if (label < 0 || label >= row.length) return 0;
    const shares = row.map((_, c) => (c === label ? 1 - smoothing : 0) + smoothing / row.length);
    return -total(logSoftmax(row).map((log, c) => shares[c]! * (weights?.[c] ?? 1) * log));
  });

const huge = (input: Input): Numbers => input.values.map((_, i) => (i % 3 === 0 ? 1e4 : i % 3 === 1 ? -1e4 : 0));
const logits = draw([6, 4], 1);
const soft = (() => {
  const random = seededRandom(2);
  const values = range(6).flatMap(() => {
    const row = range(4).map(random);
    return row.map((value) => value / total(row));
  });
  return fixed([6, 4], values);
})();
const labels = [0, 3, 255, 1, 2, 3];
const picture = draw([2, 3, 2, 4], 3);
const pixels = [0, 1, 2, 255, 1, 0, 2, 2, 1, 1, 255, 255, 0, 2, 1, 0];
const weights = [0.5, 2, 1, 3];
const flat = draw([40], 4, 3);
const binary = fixed(
  [40],
  range(40).map((i) => (i % 3 === 0 ? 1 : 0)),
);
const shares = uniform([40], 5);
const quality = fixed(
  [40],
  shares.values.map((value, i) => (i % 2 ? value : 0)),
);

/** The three overlaps and CIoU of two boxes as their papers write them; alpha may be given as a constant. */
function overlaps(a: Numbers, b: Numbers, alpha?: number) {
  const [ax0, ay0, ax1, ay1] = a as [number, number, number, number];
  const [bx0, by0, bx1, by1] = b as [number, number, number, number];
  const area = (w: number, h: number) => Math.max(0, w) * Math.max(0, h);
  const intersection = area(Math.min(ax1, bx1) - Math.max(ax0, bx0), Math.min(ay1, by1) - Math.max(ay0, by0));
  const union = area(ax1 - ax0, ay1 - ay0) + area(bx1 - bx0, by1 - by0) - intersection;
  const [width, height] = [Math.max(ax1, bx1) - Math.min(ax0, bx0), Math.max(ay1, by1) - Math.min(ay0, by0)];
  const iou = intersection / union;
  const giou = iou - (width * height - union) / (width * height);
  const centre = Math.hypot((ax0 + ax1 - bx0 - bx1) / 2, (ay0 + ay1 - by0 - by1) / 2);
  const diou = iou - centre ** 2 / (width ** 2 + height ** 2);
  const v = (4 / Math.PI ** 2) * (Math.atan((bx1 - bx0) / (by1 - by0)) - Math.atan((ax1 - ax0) / (ay1 - ay0))) ** 2;
  const trade = alpha ?? v / (1 - iou + v);
  return { iou, giou, diou, ciou: diou - trade * v, alpha: trade };
}
const boxes = (seed: number, count: number): Input => {
  const random = seededRandom(seed);
  const values = range(count).flatMap(() => {
    const [x, y] = [20 * random(), 20 * random()];
    return [x, y, x + 2 + 20 * random(), y + 2 + 20 * random()];
  });
  return { shape: [count, 4], values };
};
const count = 12;
const [predicted, truth] = [boxes(6, count), boxes(7, count)];
/** [count, 4] as [1, 4, count]. */
const turned = ({ values }: Input): Input => ({
  shape: [1, 4, count],
  values: range(4).flatMap((k) => range(count).map((i) => values[i * 4 + k]!)),
});

const people = [0, 0, 1, 2, 1, 0, 2, 1];
const vectors = draw([8, 5], 8);
const directions = draw([3, 5], 9);
const who = (dtype: DType = 'int64') => fixed([8], people, dtype);
const whoHot = fixed([8, 3], oneHot(people, 3));
/** Labels of which one has no other of its class. */
const loners = [0, 0, 1, 2, 1, 0, 5, 1];

function supervised(values: Numbers, of: Numbers, temperature: number): Numbers {
  const unitRows = rows(values, 5).map(unit);
  return unitRows.map((anchor, i) => {
    const others = range(unitRows.length).filter((j) => j !== i);
    const positives = others.filter((j) => of[j] === of[i]);
    if (positives.length === 0) return 0;
    const log = logSoftmax(others.map((j) => dot(anchor, unitRows[j]!) / temperature));
    return -total(positives.map((j) => log[others.indexOf(j)]!)) / positives.length;
  });
}

function triplets(list: Numbers[], of: Numbers, penalty: (excess: number) => number, semi = false): Numbers {
  return list.map((anchor, i) => {
    const d = list.map((other) => distanceOf(anchor, other));
    const positives = range(list.length).filter((j) => j !== i && of[j] === of[i]);
    const negatives = range(list.length).filter((j) => of[j] !== of[i]);
    if (positives.length === 0 || negatives.length === 0) return 0;
    const away = negatives.map((j) => d[j]!);
    if (!semi) return penalty(Math.max(...positives.map((j) => d[j]!)) - Math.min(...away));
    const each = positives.map((j) => {
      const farther = away.filter((distance) => distance > d[j]!);
      return penalty(d[j]! - (farther.length > 0 ? Math.min(...farther) : Math.max(...away)));
    });
    return total(each) / each.length;
  });
}
const hinge = (margin: number) => (excess: number) => Math.max(0, margin + excess);

function margins(z: Inputs, logit: (cosine: number) => number, scale: number): Numbers {
  const classes = rows(z.classes!, 5).map(unit);
  return rows(z.x!, 5).map((x, i) => {
    const row = classes.map((direction, c) => {
      const cosine = dot(unit(x), direction);
      return scale * (c === people[i] ? logit(cosine) : cosine);
    });
    return -logSoftmax(row)[people[i]!]!;
  });
}
const arc = (margin: number) => (cosine: number) => {
  const angle = Math.acos(cosine);
  return angle + margin < Math.PI ? Math.cos(angle + margin) : cosine - margin * Math.sin(margin);
};

/** tp, fp, fn as sums over places, then the mean over the classes that occur. */
function tversky(z: Numbers, alpha: number, beta: number): number {
  const places = columns(z, 3, 8).map((row) => logSoftmax(row).map(Math.exp));
  const scores = range(3).flatMap((c) => {
    let [tp, fp, fn, there] = [0, 0, 0, 0];
    places.forEach((p, i) => {
      if (pixels[i] === 255) return;
      const y = pixels[i] === c ? 1 : 0;
      tp += p[c]! * y;
      fp += p[c]! * (1 - y);
      fn += (1 - p[c]!) * y;
      there += y;
    });
    return there > 0 ? [(tp + 1) / (tp + alpha * fp + beta * fn + 1)] : [];
  });
  return 1 - total(scores) / scores.length;
}

/**
 * The extension by its definition (Berman et al. 2018, equation 8), not by its algorithm: the integral over t of 1 - IoU of
 * the set of pixels whose error exceeds t.
 */
function lovasz(z: Numbers): number {
  const places = columns(z, 3, 8).map((row) => logSoftmax(row).map(Math.exp));
  const losses = range(3).flatMap((c) => {
    const known = range(16).filter((i) => pixels[i] !== 255);
    const there = known.filter((i) => pixels[i] === c);
    if (there.length === 0) return [];
    const errorOf = (i: number) => Math.abs((pixels[i] === c ? 1 : 0) - places[i]![c]!);
    const levels = [0, ...known.map(errorOf).sort((a, b) => a - b)];
    return [
      total(
        levels.slice(1).map((level, k) => {
          const wrong = known.filter((i) => errorOf(i) >= level);
          const found = there.filter((i) => errorOf(i) < level).length;
          const union = there.length + wrong.filter((i) => pixels[i] !== c).length;
          return (level - levels[k]!) * (1 - found / union);
        }),
      ),
    ];
  });
  return total(losses) / losses.length;
}

const entropy = (z: number, y: number) => -(y * Math.log(sigmoid(z)) + (1 - y) * Math.log(1 - sigmoid(z)));
const extremeFlat: Inputs[] = [
  { x: range(40).map(() => 1e4), y: range(40).map((i) => i % 2) },
  { x: range(40).map(() => -1e4), y: range(40).map((i) => i % 2) },
];

const cases: Case[] = [
  {
    name: 'crossEntropyLoss of mixed targets',
    inputs: { x: logits, y: soft },
    build: (g, { x, y }) => crossEntropyLoss(g, x!, y!),
    reference: ({ x, y }) => columns(x!, 4).map((row, i) => -dot(logSoftmax(row), columns(y!, 4)[i]!)),
    extremes: [{ x: huge(logits) }],
  },
  {
    name: 'crossEntropyLoss, smoothed and weighted, one row not counted',
    inputs: { x: logits, y: fixed([6, 4], oneHot(labels, 4)) },
    build: (g, { x, y }) => crossEntropyLoss(g, x!, y!, { labelSmoothing: 0.2, classWeights: weights }),
    reference: ({ x }) => labelEntropy(columns(x!, 4), labels, 0.2, weights),
    extremes: [{ x: huge(logits) }],
  },
  ...(['uint8', 'int32', 'int64', 'uint16'] as const).map(
    (dtype): Case => ({
      name: `denseCrossEntropy of pictures, ${dtype} labels`,
      inputs: { x: logits, y: fixed([6], labels, dtype) },
      build: (g, { x, y }) => denseCrossEntropy(g, x!, y!, { labelSmoothing: 0.1 }),
      reference: ({ x }) => labelEntropy(columns(x!, 4), labels, 0.1),
    }),
  ),
  {
    name: 'denseCrossEntropy of pixels',
    inputs: { x: picture, y: fixed([2, 2, 4], pixels, 'uint8') },
    build: (g, { x, y }) => denseCrossEntropy(g, x!, y!, { labelSmoothing: 0.1, classWeights: [1, 2, 3] }),
    reference: ({ x }) => labelEntropy(columns(x!, 3, 8), pixels, 0.1, [1, 2, 3]),
    extremes: [{ x: huge(picture) }],
  },
  {
    name: 'denseCrossEntropy, one class ignored',
    inputs: { x: picture, y: fixed([2, 2, 4], pixels, 'uint8') },
    build: (g, { x, y }) => denseCrossEntropy(g, x!, y!, { ignoreIndex: 1 }),
    reference: ({ x }) =>
      labelEntropy(
        columns(x!, 3, 8),
        pixels.map((label) => (label === 1 ? -1 : label)),
      ),
  },
  {
    name: 'binaryCrossEntropy',
    inputs: { x: flat, y: shares },
    build: (g, { x, y }) => binaryCrossEntropy(g, x!, y!),
    reference: ({ x, y }) => x!.map((z, i) => entropy(z, y![i]!)),
    extremes: extremeFlat,
  },
  {
    name: 'binaryCrossEntropy, positives weighted',
    inputs: { x: flat, y: shares },
    build: (g, { x, y }) => binaryCrossEntropy(g, x!, y!, { positiveWeight: 3 }),
    reference: ({ x, y }) =>
      x!.map((z, i) => -(3 * y![i]! * Math.log(sigmoid(z)) + (1 - y![i]!) * Math.log(1 - sigmoid(z)))),
    extremes: extremeFlat,
  },
  ...[0, 0.5, 1, 2, 3].map(
    (gamma): Case => ({
      name: `focalLoss, gamma ${gamma}`,
      inputs: { x: flat, y: binary },
      build: (g, { x, y }) => focalLoss(g, x!, y!, { gamma }),
      reference: ({ x, y }) =>
        x!.map((z, i) => {
          const p = y![i] ? sigmoid(z) : 1 - sigmoid(z);
          return -(y![i] ? 0.25 : 0.75) * (1 - p) ** gamma * Math.log(p);
        }),
      extremes: extremeFlat,
    }),
  ),
  ...[0, 1, 2, 2.5].map(
    (gamma): Case => ({
      name: `focalSoftmaxLoss, gamma ${gamma}`,
      inputs: { x: logits, y: soft },
      build: (g, { x, y }) => focalSoftmaxLoss(g, x!, y!, { gamma }),
      reference: ({ x, y }) =>
        columns(x!, 4).map(
          (row, i) =>
            -total(logSoftmax(row).map((log, c) => columns(y!, 4)[i]![c]! * (1 - Math.exp(log)) ** gamma * log)),
        ),
      extremes: [{ x: huge(logits) }],
    }),
  ),
  {
    name: 'denseFocal',
    inputs: { x: picture, y: fixed([2, 2, 4], pixels, 'uint8') },
    build: (g, { x, y }) => denseFocal(g, x!, y!),
    reference: ({ x }) =>
      columns(x!, 3, 8).map((row, i) => {
        if (pixels[i] === 255) return 0;
        const log = logSoftmax(row)[pixels[i]!]!;
        return -((1 - Math.exp(log)) ** 2) * log;
      }),
    extremes: [{ x: huge(picture) }],
  },
  {
    name: 'qualityFocalLoss',
    inputs: { x: flat, y: shares },
    build: (g, { x, y }) => qualityFocalLoss(g, x!, y!),
    reference: ({ x, y }) => x!.map((z, i) => (sigmoid(z) - y![i]!) ** 2 * entropy(z, y![i]!)),
    extremes: extremeFlat,
  },
  {
    name: 'varifocalLoss',
    inputs: { x: flat, y: quality },
    build: (g, { x, y }) => varifocalLoss(g, x!, y!),
    reference: ({ x, y }) =>
      x!.map((z, i) => {
        const [p, q] = [sigmoid(z), y![i]!];
        return q > 0 ? -q * (q * Math.log(p) + (1 - q) * Math.log(1 - p)) : -0.75 * p ** 2 * Math.log(1 - p);
      }),
    extremes: extremeFlat,
  },
  ...[1, 0.25].map(
    (beta): Case => ({
      name: `smoothL1, beta ${beta}`,
      inputs: { a: draw([30], 10), b: draw([30], 11) },
      build: (g, { a, b }) => smoothL1(g, a!, b!, { beta }),
      reference: ({ a, b }) =>
        a!.map((value, i) => {
          const d = Math.abs(value - b![i]!);
          return d < beta ? (0.5 * d * d) / beta : d - beta / 2;
        }),
      extremes: [{ a: range(30).map(() => 1e6) }, { a: range(30).map(() => 0), b: range(30).map(() => 0) }],
    }),
  ),
  ...(['iou', 'giou', 'diou', 'ciou'] as const).flatMap((kind): Case[] => [
    {
      name: `boxOverlap, ${kind}`,
      inputs: { a: predicted, b: truth },
      build: (g, { a, b }) => boxOverlap(g, a!, b!)[kind],
      reference: ({ a, b }, at) =>
        rows(a!, 4).map((box, i) => {
          const { alpha } = overlaps(rows(at.a!, 4)[i]!, rows(at.b!, 4)[i]!);
          return overlaps(box, rows(b!, 4)[i]!, alpha)[kind];
        }),
      extremes: [
        { a: range(4 * count).map(() => 0), b: range(4 * count).map(() => 0) },
        { a: range(4 * count).map((i) => 100 - i) },
        { a: truth.values },
        { a: predicted.values.map((value) => value * 1e5) },
        { a: range(count).flatMap(() => [0, 0, 1e4, 1e-3]), b: range(count).flatMap(() => [0, 0, 1e-3, 1e4]) },
      ],
    },
    {
      name: `boxOverlap along axis 1, ${kind}`,
      inputs: { a: turned(predicted), b: turned(truth) },
      build: (g, { a, b }) => boxOverlap(g, a!, b!, 1)[kind],
      reference: ({ a, b }, at) =>
        columns(a!, 4, count).map((box, i) => {
          const { alpha } = overlaps(columns(at.a!, 4, count)[i]!, columns(at.b!, 4, count)[i]!);
          return overlaps(box, columns(b!, 4, count)[i]!, alpha)[kind];
        }),
    },
  ]),
  {
    name: 'diceLoss',
    inputs: { x: picture, y: fixed([2, 2, 4], pixels, 'uint8') },
    build: (g, { x, y }) => diceLoss(g, x!, y!),
    reference: ({ x }) => [tversky(x!, 0.5, 0.5)],
    extremes: [{ x: huge(picture) }, { y: range(16).map(() => 255) }],
  },
  {
    name: 'tverskyLoss',
    inputs: { x: picture, y: fixed([2, 2, 4], pixels, 'uint8') },
    build: (g, { x, y }) => tverskyLoss(g, x!, y!),
    reference: ({ x }) => [tversky(x!, 0.3, 0.7)],
    extremes: [{ x: huge(picture) }],
  },
  {
    name: 'lovaszLoss',
    inputs: { x: picture, y: fixed([2, 2, 4], pixels, 'uint8') },
    build: (g, { x, y }) => lovaszLoss(g, x!, y!),
    reference: ({ x }) => [lovasz(x!)],
    extremes: [{ x: huge(picture) }, { y: range(16).map(() => 255) }, { y: range(16).map(() => 1) }],
  },
  {
    name: 'contrastiveLoss',
    inputs: { x: vectors, y: whoHot },
    build: (g, { x, y }) => contrastiveLoss(g, x!, y!),
    reference: ({ x }) => supervised(x!, people, 0.1),
    extremes: [{ x: range(40).map(() => 0) }, { x: huge(vectors) }, { x: range(40).map(() => 1) }],
  },
  {
    name: 'contrastiveLoss, one without another of its class',
    inputs: { x: vectors, y: fixed([8], loners, 'int64') },
    build: (g, { x, y }) => contrastiveLoss(g, x!, y!, { temperature: 0.5 }),
    reference: ({ x }) => supervised(x!, loners, 0.5),
    extremes: [{ y: range(8) }],
  },
  {
    name: 'contrastiveLoss of two views (NT-Xent)',
    inputs: { x: vectors, y: fixed([8], [0, 1, 2, 3, 0, 1, 2, 3], 'int32') },
    build: (g, { x, y }) => contrastiveLoss(g, x!, y!, { temperature: 0.5 }),
    // Chen et al. 2020, equation 1.
    reference: ({ x }) => {
      const z = rows(x!, 5).map(unit);
      return z.map((zi, i) => {
        const s = z.map((zk) => dot(zi, zk) / 0.5);
        return -Math.log(Math.exp(s[(i + 4) % 8]!) / total(s.filter((_, k) => k !== i).map(Math.exp)));
      });
    },
  },
  {
    name: 'pairLoss',
    inputs: {
      a: draw([9, 4], 12, 0.5),
      b: draw([9, 4], 13, 0.5),
      same: fixed(
        [9],
        range(9).map((i) => i % 2),
      ),
    },
    build: (g, { a, b, same }) => pairLoss(g, a!, b!, same!, { margin: 2 }),
    reference: ({ a, b, same }) =>
      rows(a!, 4).map((row, i) => {
        const d = distanceOf(row, rows(b!, 4)[i]!);
        return same![i] ? d ** 2 / 2 : Math.max(0, 2 - d) ** 2 / 2;
      }),
    extremes: [{ a: range(36).map(() => 1), b: range(36).map(() => 1) }],
  },
  ...[who('int64'), who('uint8'), whoHot].map(
    (y, i): Case => ({
      name: `tripletLoss, hard, labels ${['int64', 'uint8', 'one-hot'][i]}`,
      inputs: { x: vectors, y },
      build: (g, { x, y }) => tripletLoss(g, x!, y!),
      reference: ({ x }) => triplets(rows(x!, 5).map(unit), people, hinge(0.3)),
      extremes: [{ x: range(40).map(() => 0) }, { x: range(40).map(() => 1) }, { x: huge(vectors) }],
    }),
  ),
  {
    name: 'tripletLoss, hard, soft margin, as is',
    inputs: { x: vectors, y: who() },
    build: (g, { x, y }) => tripletLoss(g, x!, y!, { margin: 'soft', normalized: false }),
    reference: ({ x }) => triplets(rows(x!, 5), people, (excess) => Math.log1p(Math.exp(excess))),
  },
  {
    name: 'tripletLoss, semi-hard',
    inputs: { x: vectors, y: who() },
    build: (g, { x, y }) => tripletLoss(g, x!, y!, { mining: 'semi-hard', margin: 0.5 }),
    reference: ({ x }) => triplets(rows(x!, 5).map(unit), people, hinge(0.5), true),
    extremes: [{ x: range(40).map(() => 1) }, { x: huge(vectors) }],
  },
  ...(['hard', 'semi-hard'] as const).map(
    (mining): Case => ({
      name: `tripletLoss, ${mining}, anchors that do not count`,
      inputs: { x: vectors, y: fixed([8], loners, 'int64') },
      build: (g, { x, y }) => tripletLoss(g, x!, y!, { mining, margin: 0.5 }),
      reference: ({ x }) => triplets(rows(x!, 5).map(unit), loners, hinge(0.5), mining === 'semi-hard'),
      extremes: [{ y: range(8) }, { y: range(8).map(() => 1) }],
    }),
  ),
  ...[0.35, 0].map(
    (margin): Case => ({
      name: `cosFaceLoss, margin ${margin}`,
      inputs: { x: vectors, classes: directions, y: whoHot },
      build: (g, { x, classes, y }) => cosFaceLoss(g, x!, classes!, y!, { margin, scale: 8 }),
      reference: (z) => margins(z, (cosine) => cosine - margin, 8),
      extremes: [{ x: range(40).map(() => 0) }, { x: huge(vectors) }],
    }),
  ),
  ...[0.5, 1.5].map(
    (margin): Case => ({
      name: `arcFaceLoss, margin ${margin}`,
      inputs: { x: vectors, classes: directions, y: whoHot },
      build: (g, { x, classes, y }) => arcFaceLoss(g, x!, classes!, y!, { margin, scale: 8 }),
      reference: (z) => margins(z, arc(margin), 8),
      extremes: [
        { x: range(40).map(() => 0) },
        { x: huge(vectors) },
        // On the direction of the class, and right against it.
        { x: people.flatMap((c) => directions.values.slice(c * 5, c * 5 + 5)) },
        { x: people.flatMap((c) => directions.values.slice(c * 5, c * 5 + 5).map((value) => -value)) },
      ],
    }),
  ),
  ...[1, 4].map(
    (temperature): Case => ({
      name: `distillationLoss, temperature ${temperature}`,
      inputs: { x: picture, teacher: { ...draw([2, 3, 2, 4], 14, 3), fixed: true } },
      build: (g, { x, teacher }) => distillationLoss(g, x!, teacher!, { temperature }),
      reference: ({ x, teacher }) =>
        columns(x!, 3, 8).map((row, i) => {
          const known = logSoftmax(columns(teacher!, 3, 8)[i]!.map((value) => value / temperature));
          const said = logSoftmax(row.map((value) => value / temperature));
          return temperature ** 2 * total(known.map((log, c) => Math.exp(log) * (log - said[c]!)));
        }),
      extremes: [{ x: huge(picture) }, { teacher: huge(picture) }],
    }),
  ),
  {
    name: 'featureDistillationLoss',
    inputs: { x: picture, teacher: { ...draw([2, 3, 2, 4], 15), fixed: true } },
    build: (g, { x, teacher }) => featureDistillationLoss(g, x!, teacher!),
    reference: ({ x, teacher }) =>
      rows(x!, 24).map((row, n) => total(row.map((value, i) => (value - teacher![n * 24 + i]!) ** 2)) / 24),
  },
  {
    name: 'unitLength',
    inputs: { x: vectors },
    build: (g, { x }) => unitLength(g, x!),
    reference: ({ x }) => rows(x!, 5).flatMap(unit),
    extremes: [{ x: range(40).map(() => 0) }],
  },
  {
    name: 'countOf, weighted',
    inputs: { x: logits, y: fixed([6], labels, 'uint8') },
    build: (g, { x, y }) =>
      g.node('Add', [
        countOf(g, sharesOf(g, y!, 4), weights),
        g.node('ReduceSum', [g.node('Mul', [x!, g.scalar(0)]), g.ints([1])], { keepdims: 0 }),
      ]),
    reference: () => labels.map((label) => weights[label] ?? 0),
  },
];

/** Compiles a loss: its values, and the gradients of their sum, weighted at random, by input name. */
async function compile({ inputs, build }: Case) {
  const graph = new GraphBuilder('loss');
  const values = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype = 'float32' }]) => [name, graph.input(name, dtype, shape)]),
  );
  const y = build(graph, values);
  const random = seededRandom(20);
  const factors = Array.from({ length: sizeOf(y.shape) }, () => 2 * random() - 1);
  const constant = graph.constant(tensorOf('float32', factors, y.shape));
  const loss = weightedSum(graph, y, graph.scalar(1), constant);
  const trained = Object.keys(inputs).filter((name) => !inputs[name]!.fixed);
  const gradients = addGradients(
    graph,
    loss,
    trained.map((name) => values[name]!),
  );
  graph.output(y, 'loss values');
  gradients.forEach((gradient, i) => {
    graph.output(gradient!, `gradient:${trained[i]}`);
  });
  const session = await ort.InferenceSession.create(encodeModel(modelOf(graph.build())), {
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
  });
  const run = async (at: Inputs) => {
    const feeds = Object.entries(inputs).flatMap(([name, { shape, dtype = 'float32' }]) => {
      if (!session.inputNames.includes(name)) return [];
      return [[name, new ort.Tensor(dtype, tensorOf(dtype, at[name]!).data as Float32Array, [...shape])] as const];
    });
    const outputs = await session.run(Object.fromEntries(feeds));
    return (name: string) => Array.from(outputs[name]!.data as Float32Array);
  };
  return { run, factors, trained };
}

const givenValues = (inputs: Case['inputs']): Inputs =>
  Object.fromEntries(Object.entries(inputs).map(([name, { values }]) => [name, [...values]]));

describe.each(cases)('$name', (loss) => {
  it('is its formula, and its gradient the slope of that', async () => {
    const { run, factors, trained } = await compile(loss);
    const at = givenValues(loss.inputs);
    const got = await run(at);
    const known = loss.reference(at, at);
    const y = got('loss values');
    expect(y.length).toBe(known.length);
    y.forEach((value, i) => {
      expect(
        Math.abs(value - known[i]!) / Math.max(1, Math.abs(known[i]!)),
        `y[${i}]: ${value}, ${known[i]}`,
      ).toBeLessThan(2e-5);
    });
    const step = 1e-5;
    const moved = structuredClone(at);
    for (const name of trained) {
      const gradient = got(`gradient:${name}`);
      gradient.forEach((value, i) => {
        const lossAt = (x: number) => {
          moved[name]![i] = x;
          return dot(loss.reference(moved, at), factors);
        };
        const middle = at[name]![i]!;
        const slope = (lossAt(middle + step) - lossAt(middle - step)) / (2 * step);
        moved[name]![i] = middle;
        expect(
          Math.abs(value - slope) / Math.max(1, Math.abs(slope)),
          `d ${name}[${i}]: ${value}, ${slope}`,
        ).toBeLessThan(2e-4);
      });
    }
  });

  const { extremes } = loss;
  if (!extremes) return;
  it('stays finite at the ends', async () => {
    const { run, trained } = await compile(loss);
    for (const extreme of extremes) {
      const got = await run({ ...givenValues(loss.inputs), ...extreme });
      for (const name of ['loss values', ...trained.map((input) => `gradient:${input}`)])
        expect(
          got(name).every(Number.isFinite),
          `${name} at ${Object.entries(extreme).map(([key, v]) => `${key} = ${v.slice(0, 5)}`)}: ${got(name).slice(0, 9)}`,
        ).toBe(true);
    }
  });
});
