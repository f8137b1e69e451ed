import { area, intersection, type Xyxy } from '@fovea/annotations';
import type { CocoFigures } from './coco.js';
import { AP50_ROW, AP75_ROW, averagePrecision, averageRecall, type Curves, computeClassCurves } from './coco-curve.js';
import { AREA_RANGES, type AreaName, type Candidates, MAX_DETECTIONS, rank } from './coco-match.js';
import { type Confusion, computeConfusion } from './confusion.js';
import { checkPictures, type EvalPicture, type EvalPrediction, type EvalTruth } from './detection-input.js';

/** Everything in [0, 1]; null where undefined, as when there is no object of that class or size. */
export interface ClassMetrics {
  readonly className: string;
  readonly AP: number | null;
  readonly AP50: number | null;
  readonly AP75: number | null;
  readonly AR100: number | null;
  /** Objects to be found, crowds not counted. */
  readonly groundTruth: number;
}

/**
 * How well boxes were found, by COCO's rules: means over classes, and over IoU thresholds .50 to .95 unless the name
 * says one. AP is average precision, ARn average recall with at most n predictions of a class in a picture; small is
 * below 32², large above 96² square pixels. Everything in [0, 1]; null where undefined.
 */
export interface DetectionMetrics extends CocoFigures {
  /** In the order of the class names. */
  readonly perClass: readonly ClassMetrics[];
  /** Precision at recall 0, .01, … 1 for IoU .5, for plotting; null for a class without objects. */
  readonly precisionRecall50: readonly { readonly className: string; readonly precision: readonly number[] | null }[];
  readonly confusion: Confusion;
  readonly pictures: number;
  readonly groundTruth: number;
}

/**
 * Evaluates predicted boxes by COCO's rules (Lin et al. 2014, arXiv:1405.0312): ten IoU thresholds, precision read at
 * 101 recalls, the best 100 predictions of a class in a picture, crowds neither for nor against. Equal confidences in
 * different pictures are ranked by picture id, so that the order of `pictures` does not matter.
 *
 * @throws FoveaError `bad_evaluation_input` for a class index outside `classNames` or numbers that are not finite
 */
export function evaluateDetections(pictures: readonly EvalPicture[], classNames: readonly string[]): DetectionMetrics {
  checkPictures(pictures, classNames.length);
  const collator = new Intl.Collator('en', { numeric: true });
  const ordered = pictures.toSorted((a, b) => collator.compare(a.id, b.id));
  const classes = gatherClasses(ordered, classNames.length).map(computeClassCurves);
  const curves = Object.fromEntries(
    (Object.keys(AREA_RANGES) as AreaName[]).map((name) => [
      name,
      classes.map(({ curve }) => curve(name, MAX_DETECTIONS)),
    ]),
  ) as Record<AreaName, (Curves | null)[]>;
  const recallAt = (limit: number) => averageRecall(classes.map(({ curve }) => curve('all', limit)));

  const perClass = classNames.map((className, index): ClassMetrics => {
    const curve = curves.all[index]!;
    return {
      className,
      AP: averagePrecision([curve]),
      AP50: averagePrecision([curve], AP50_ROW),
      AP75: averagePrecision([curve], AP75_ROW),
      AR100: averageRecall([curve]),
      groundTruth: classes[index]!.objects('all'),
    };
  });

  return {
    AP: averagePrecision(curves.all),
    AP50: averagePrecision(curves.all, AP50_ROW),
    AP75: averagePrecision(curves.all, AP75_ROW),
    APsmall: averagePrecision(curves.small),
    APmedium: averagePrecision(curves.medium),
    APlarge: averagePrecision(curves.large),
    AR1: recallAt(1),
    AR10: recallAt(10),
    AR100: averageRecall(curves.all),
    ARsmall: averageRecall(curves.small),
    ARmedium: averageRecall(curves.medium),
    ARlarge: averageRecall(curves.large),
    perClass,
    precisionRecall50: classNames.map((className, index) => ({
      className,
      precision: curves.all[index] ? Array.from(curves.all[index].precision[AP50_ROW]!) : null,
    })),
    confusion: computeConfusion(pictures, classNames.length),
    pictures: pictures.length,
    groundTruth: perClass.reduce((sum, { groundTruth }) => sum + groundTruth, 0),
  };
}

/** [class][picture that has anything of the class]. */
function gatherClasses(pictures: readonly EvalPicture[], classCount: number): Candidates[][] {
  const classes = Array.from({ length: classCount }, (): Candidates[] => []);
  for (const { groundTruth, predictions } of pictures) {
    const truthsOf = groupByClass(groundTruth);
    const predictionsOf = groupByClass(predictions);
    for (const classIndex of new Set([...truthsOf.keys(), ...predictionsOf.keys()])) {
      classes[classIndex]!.push(compareBoxes(truthsOf.get(classIndex) ?? [], predictionsOf.get(classIndex) ?? []));
    }
  }
  return classes;
}

/** Sorts, cuts to the best hundred, and measures overlaps once for all thresholds and sizes. */
function compareBoxes(truths: readonly EvalTruth[], predictions: readonly EvalPrediction[]): Candidates {
  const order = rank(
    predictions.map(({ confidence }) => confidence),
    MAX_DETECTIONS,
  );
  const best = Array.from(order, (index) => predictions[index]!);
  const isCrowd = Uint8Array.from(truths, (truth) => Number(truth.isCrowd ?? false));
  return {
    confidences: Float64Array.from(best, ({ confidence }) => confidence),
    areas: Float64Array.from(best, ({ box }) => area(box)),
    truthAreas: Float64Array.from(truths, ({ areaPixels, box }) => areaPixels ?? area(box)),
    isCrowd,
    isIgnored: isCrowd,
    overlaps: Float64Array.from(best.flatMap(({ box }) => truths.map((truth) => overlap(box, truth)))),
  };
}

function overlap(box: Xyxy, truth: EvalTruth): number {
  const common = area(intersection(box, truth.box));
  if (common === 0) return 0;
  return common / (truth.isCrowd ? area(box) : area(box) + area(truth.box) - common);
}

function groupByClass<T extends EvalTruth | EvalPrediction>(entries: readonly T[]): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const entry of entries) {
    const group = groups.get(entry.classIndex);
    if (group) group.push(entry);
    else groups.set(entry.classIndex, [entry]);
  }
  return groups;
}
