import { FoveaError, type Xyxy } from '@fovea/annotations';

/** What is truly in a picture. `areaPixels` is the object's own area where a mask is known; default: the box's. */
export interface EvalTruth {
  readonly classIndex: number;
  readonly box: Xyxy;
  readonly isCrowd?: boolean;
  readonly areaPixels?: number;
}

/** What a model found; boxes in pixels. */
export interface EvalPrediction {
  readonly classIndex: number;
  readonly box: Xyxy;
  /** Any finite number: only its order counts, except in the confusion matrix. */
  readonly confidence: number;
}

/** One picture with its truth and what a model found; width and height in pixels. */
export interface EvalPicture {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly groundTruth: readonly EvalTruth[];
  readonly predictions: readonly EvalPrediction[];
}

/** Checks indices and numbers once, at the door. @throws FoveaError `bad_evaluation_input` naming the picture and the value */
export function checkPictures(pictures: readonly EvalPicture[], classCount: number): void {
  for (const { id, groundTruth, predictions } of pictures) {
    for (const [kind, entries] of [['truth', groundTruth] as const, ['prediction', predictions] as const]) {
      entries.forEach((entry, index) => {
        const fail = (what: string) => {
          const message = `Picture ${id}, ${kind} ${index}: ${what}.`;
          throw new FoveaError('bad_evaluation_input', message, { picture: id, index });
        };
        if (!Number.isInteger(entry.classIndex) || entry.classIndex < 0 || entry.classIndex >= classCount) {
          fail(`class index ${entry.classIndex} is not in 0 to ${classCount - 1}`);
        }
        if (!entry.box.every(Number.isFinite)) fail(`the box (${entry.box.join(', ')}) is not of finite numbers`);
        if ('confidence' in entry && !Number.isFinite(entry.confidence)) {
          fail(`the confidence ${entry.confidence} is not a finite number`);
        }
      });
    }
  }
}
