import { COCO_SIGMAS, FoveaError } from '@fovea/annotations';
import { AP50_ROW, AP75_ROW, averagePrecision, averageRecall, computeClassCurves } from './coco-curve.js';
import {
  type CocoGroundTruth,
  type CocoId,
  type CocoProblem,
  type CocoResult,
  IOU_TYPES,
  type IouType,
  sortCoco,
} from './coco-data.js';
import { type AreaName, MAX_DETECTIONS } from './coco-match.js';
import { chooseAreas, compareCell } from './coco-shape.js';

/** What {@link evaluateCoco} takes. */
export interface CocoEvaluation {
  readonly groundTruth: CocoGroundTruth;
  readonly predictions: readonly CocoResult[];
  readonly iouType: IouType;
  /** One per key point; default {@link COCO_SIGMAS}, those of a person. */
  readonly sigmas?: readonly number[];
}

/** The twelve figures for boxes and masks, in the order in which the COCO API prints them. */
export interface CocoFigures {
  readonly AP: number | null;
  readonly AP50: number | null;
  readonly AP75: number | null;
  readonly APsmall: number | null;
  readonly APmedium: number | null;
  readonly APlarge: number | null;
  readonly AR1: number | null;
  readonly AR10: number | null;
  readonly AR100: number | null;
  readonly ARsmall: number | null;
  readonly ARmedium: number | null;
  readonly ARlarge: number | null;
}

/** The ten figures for key points; at most 20 predictions of a class in a picture count. */
export interface CocoKeypointFigures {
  readonly AP: number | null;
  readonly AP50: number | null;
  readonly AP75: number | null;
  readonly APmedium: number | null;
  readonly APlarge: number | null;
  readonly AR: number | null;
  readonly AR50: number | null;
  readonly AR75: number | null;
  readonly ARmedium: number | null;
  readonly ARlarge: number | null;
}

/** One class: everything in [0, 1]; null where there is no object of it. */
export interface CocoClassMetrics {
  readonly id: CocoId;
  readonly className: string;
  readonly AP: number | null;
  readonly AP50: number | null;
  readonly AP75: number | null;
  /** Average recall with as many predictions as count. */
  readonly AR: number | null;
  /** Objects to be found. */
  readonly groundTruth: number;
  readonly predictions: number;
}

interface CocoCommon {
  /** The figures as a list, in the COCO API's order; it writes -1 where this has null. */
  readonly stats: readonly (number | null)[];
  /** By id, as the COCO API has the classes. */
  readonly perClass: readonly CocoClassMetrics[];
  /** Precision at recall 0, .01, … 1 for a threshold of .5, for plotting; null for a class without objects. */
  readonly precisionRecall50: readonly { readonly className: string; readonly precision: readonly number[] | null }[];
  readonly images: number;
  /** Objects to be found, crowds not counted. */
  readonly groundTruth: number;
  readonly predictions: number;
  readonly problems: readonly CocoProblem[];
}

/** COCO's figures: means over classes, and over thresholds .50 to .95 unless the name says one; null where undefined. */
export type CocoMetrics =
  | ({ readonly iouType: 'bbox' | 'segm' } & CocoFigures & CocoCommon)
  | ({ readonly iouType: 'keypoints' } & CocoKeypointFigures & CocoCommon);

/** The most predictions with key points of one class in one picture that count. */
const MAX_KEYPOINT_DETECTIONS = 20;

/**
 * Evaluates predictions by COCO's rules (Lin et al. 2014, arXiv:1405.0312, https://cocodataset.org/#detection-eval), to
 * the figures that the COCO API (pycocotools' `COCOeval`) prints: by pictures and classes in the order of their ids,
 * equal scores in the order of the entries, the size of an object by its `area`, that of a prediction by its box where
 * the first prediction has one. The fields `ignore` and `id` of annotations do not matter.
 *
 * @throws FoveaError `bad_ground_truth`, `bad_results`, `unknown_image`, `unknown_iou_type`, `bad_sigmas`
 */
export function evaluateCoco(evaluation: CocoEvaluation): CocoMetrics {
  const { groundTruth, predictions, iouType, sigmas = COCO_SIGMAS } = evaluation;
  if (!IOU_TYPES.includes(iouType)) {
    throw new FoveaError('unknown_iou_type', `Nothing is measured on "${iouType}"; there are ${IOU_TYPES.join(', ')}.`);
  }
  if (!sigmas.every((sigma) => Number.isFinite(sigma) && sigma > 0)) {
    throw new FoveaError('bad_sigmas', `Sigmas of key points are numbers above 0; there are ${sigmas.join(', ')}.`);
  }
  const { classes, problems } = sortCoco(groundTruth, predictions);
  const maxDetections = iouType === 'keypoints' ? MAX_KEYPOINT_DETECTIONS : MAX_DETECTIONS;
  const reading = { iouType, areaFrom: chooseAreas(predictions, iouType), sigmas, maxDetections };
  const curves = classes.map(({ cells }) => computeClassCurves(cells.map((cell) => compareCell(cell, reading))));

  const of = (name: AreaName, limit = maxDetections) => curves.map(({ curve }) => curve(name, limit));
  const all = of('all');
  const [medium, large] = [of('medium'), of('large')];
  const precision = {
    AP: averagePrecision(all),
    AP50: averagePrecision(all, AP50_ROW),
    AP75: averagePrecision(all, AP75_ROW),
  };
  const perClass = classes.map(
    ({ id, className, cells }, index): CocoClassMetrics => ({
      id,
      className,
      AP: averagePrecision([all[index]!]),
      AP50: averagePrecision([all[index]!], AP50_ROW),
      AP75: averagePrecision([all[index]!], AP75_ROW),
      AR: averageRecall([all[index]!]),
      groundTruth: curves[index]!.objects('all'),
      predictions: cells.reduce((sum, { results }) => sum + results.length, 0),
    }),
  );
  const common = {
    perClass,
    precisionRecall50: classes.map(({ className }, index) => ({
      className,
      precision: all[index] ? Array.from(all[index].precision[AP50_ROW]!) : null,
    })),
    images: groundTruth.images.length,
    groundTruth: perClass.reduce((sum, row) => sum + row.groundTruth, 0),
    predictions: predictions.length,
    problems,
  };
  if (iouType === 'keypoints') {
    const figures: CocoKeypointFigures = {
      ...precision,
      APmedium: averagePrecision(medium),
      APlarge: averagePrecision(large),
      AR: averageRecall(all),
      AR50: averageRecall(all, AP50_ROW),
      AR75: averageRecall(all, AP75_ROW),
      ARmedium: averageRecall(medium),
      ARlarge: averageRecall(large),
    };
    return { iouType, ...figures, stats: Object.values(figures), ...common };
  }
  const small = of('small');
  const figures: CocoFigures = {
    ...precision,
    APsmall: averagePrecision(small),
    APmedium: averagePrecision(medium),
    APlarge: averagePrecision(large),
    AR1: averageRecall(of('all', 1)),
    AR10: averageRecall(of('all', 10)),
    AR100: averageRecall(all),
    ARsmall: averageRecall(small),
    ARmedium: averageRecall(medium),
    ARlarge: averageRecall(large),
  };
  return { iouType, ...figures, stats: Object.values(figures), ...common };
}
