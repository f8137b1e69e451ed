import { area, iou, type Xyxy } from '@fovea/annotations';

/** A labelled box. */
export interface TruthBox {
  readonly className: string;
  readonly box: Xyxy;
  /** A region of many objects: nothing in it is missed, and it is never wrong. */
  readonly isCrowd?: boolean;
}

/** A box a model found. */
export interface FoundBox {
  readonly className: string;
  readonly box: Xyxy;
  readonly confidence: number;
}

/** What may be wrong about a picture's boxes. */
export type BoxMistake =
  /** Found with confidence, and nothing is labelled there. */
  | { readonly kind: 'missing'; readonly score: number; readonly found: FoundBox }
  /** Labelled, and nothing is found there. */
  | { readonly kind: 'spurious'; readonly score: number; readonly truth: TruthBox }
  /** Labelled as one class and found as another. */
  | { readonly kind: 'confused'; readonly score: number; readonly truth: TruthBox; readonly found: FoundBox }
  /** Labelled and found, but not in the same place. */
  | { readonly kind: 'misplaced'; readonly score: number; readonly truth: TruthBox; readonly found: FoundBox };

/** One picture's boxes. */
export interface PictureBoxes {
  readonly truth: readonly TruthBox[];
  readonly found: readonly FoundBox[];
}

/** Overlap from which two boxes are of one object, and below which they have nothing to do with each other. */
const [SAME, APART] = [0.5, 0.1];

/** Options of {@link findBoxMistakes}. */
export interface BoxMistakeOptions {
  /** Least confidence of a prediction that is held against the labels, default 0.5; weaker ones only speak for them. */
  readonly confidence?: number;
}

/**
 * What is likely wrong about the boxes of pictures, by the predictions of a model, likeliest first.
 *
 * In each picture, predictions take, most confident first, the labelled box of their class they overlap most, from an IoU
 * of 0.5 on: those agree. Of what is left, a confident prediction that overlaps a box of another class by 0.5 says it is
 * confused (score: confidence times IoU); one that overlaps a box of its class by 0.1 to 0.5, that it is misplaced
 * (confidence times 1 - IoU); one that overlaps no box of its class by 0.1, that one is missing (confidence). A box that
 * no prediction of any confidence overlaps by 0.1 is spurious; its score is how often the model finds boxes of that class
 * and size that are labelled, since it is no news that a model misses what it always misses.
 *
 * @returns the mistakes, each with the position of its picture
 */
export function findBoxMistakes(
  pictures: readonly PictureBoxes[],
  { confidence = 0.5 }: BoxMistakeOptions = {},
): (BoxMistake & { readonly at: number })[] {
  const matched = pictures.map(matchBoxes);
  const recall = recallBySize(pictures, matched);
  const mistakes: (BoxMistake & { at: number })[] = [];
  pictures.forEach(({ truth, found }, at) => {
    const { takenBy } = matched[at]!;
    const used = new Set(takenBy.values());
    const explained = new Set<TruthBox>();
    for (const each of found.filter((own) => own.confidence >= confidence && !used.has(own))) {
      const open = truth.filter((own) => !takenBy.has(own) && !own.isCrowd);
      const other = nearest(
        each,
        open.filter(({ className }) => className !== each.className),
      );
      const same = nearest(
        each,
        truth.filter(({ className }) => className === each.className),
      );
      if (truth.some((own) => own.isCrowd && iou(own.box, each.box) > 0)) continue;
      if (other && other.overlap >= SAME) {
        explained.add(other.truth);
        mistakes.push({
          at,
          kind: 'confused',
          score: each.confidence * other.overlap,
          truth: other.truth,
          found: each,
        });
      } else if (same && same.overlap >= APART) {
        // A second find of what another found already says nothing about the label.
        if (takenBy.has(same.truth) || explained.has(same.truth)) continue;
        explained.add(same.truth);
        mistakes.push({
          at,
          kind: 'misplaced',
          score: each.confidence * (1 - same.overlap),
          truth: same.truth,
          found: each,
        });
      } else mistakes.push({ at, kind: 'missing', score: each.confidence, found: each });
    }
    for (const own of truth) {
      if (own.isCrowd || takenBy.has(own) || explained.has(own)) continue;
      if (found.some((each) => iou(each.box, own.box) >= APART)) continue;
      mistakes.push({ at, kind: 'spurious', score: recall(own), truth: own });
    }
  });
  return mistakes.sort((a, b) => b.score - a.score || a.at - b.at);
}

function nearest({ box }: FoundBox, boxes: readonly TruthBox[]): { truth: TruthBox; overlap: number } | undefined {
  let best: { truth: TruthBox; overlap: number } | undefined;
  for (const truth of boxes) {
    const overlap = iou(truth.box, box);
    if (!best || overlap > best.overlap) best = { truth, overlap };
  }
  return best;
}

/** Which prediction each labelled box is taken by. */
function matchBoxes({ truth, found }: PictureBoxes): { takenBy: Map<TruthBox, FoundBox> } {
  const takenBy = new Map<TruthBox, FoundBox>();
  for (const each of [...found].sort((a, b) => b.confidence - a.confidence)) {
    const open = truth.filter((own) => own.className === each.className && !takenBy.has(own) && !own.isCrowd);
    const best = nearest(each, open);
    if (best && best.overlap >= SAME) takenBy.set(best.truth, each);
  }
  return { takenBy };
}

/** How often labelled boxes of a class and about a size are found: sizes are powers of four of the area. */
function recallBySize(pictures: readonly PictureBoxes[], matched: readonly { takenBy: Map<TruthBox, FoundBox> }[]) {
  const tally = new Map<string, { found: number; all: number }>();
  const keyOf = ({ className, box }: TruthBox) =>
    `${Math.round(Math.log(Math.max(1, area(box))) / Math.log(4))} ${className}`;
  pictures.forEach(({ truth }, at) => {
    for (const own of truth) {
      if (own.isCrowd) continue;
      const entry = tally.get(keyOf(own)) ?? { found: 0, all: 0 };
      tally.set(keyOf(own), entry);
      entry.all++;
      if (matched[at]!.takenBy.has(own)) entry.found++;
    }
  });
  return (own: TruthBox) => {
    const { found, all } = tally.get(keyOf(own))!;
    return (found + 1) / (all + 2);
  };
}
