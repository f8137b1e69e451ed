import { type Detection, nms, type Xyxy } from '@fovea/annotations';

/** Limits on what counts as a detection. */
export interface DecodeOptions {
  readonly confidence: number;
  readonly iouThreshold: number;
  readonly maxDetections: number;
}

/**
 * Turns one picture's outputs into detections: per class, positions above `confidence`, non-maximum suppression, then the
 * best `maxDetections` of all classes, by descending confidence.
 *
 * @param boxes [P, 4] xyxy in input pixels.
 * @param scores [P, classes].
 * @param toPicture from input pixels to the picture's own.
 */
export function decodeDetections(
  boxes: Float32Array,
  scores: Float32Array,
  classNames: readonly string[],
  toPicture: (box: Xyxy) => Xyxy,
  { confidence, iouThreshold, maxDetections }: DecodeOptions,
): Detection[] {
  const classes = classNames.length;
  const positions = boxes.length / 4;
  const detections: Detection[] = [];
  for (let classIndex = 0; classIndex < classes; classIndex++) {
    const above: number[] = [];
    for (let at = 0; at < positions; at++) if (scores[at * classes + classIndex]! >= confidence) above.push(at);
    if (above.length === 0) continue;
    const chosen = new Float32Array(above.length * 4);
    const confidences = new Float32Array(above.length);
    above.forEach((at, i) => {
      chosen.set(boxes.subarray(at * 4, at * 4 + 4), i * 4);
      confidences[i] = scores[at * classes + classIndex]!;
    });
    for (const kept of nms(chosen, confidences, iouThreshold, maxDetections)) {
      const box = toPicture(Array.from(chosen.subarray(kept * 4, kept * 4 + 4)) as unknown as Xyxy);
      detections.push({ className: classNames[classIndex]!, classIndex, box, confidence: confidences[kept]! });
    }
  }
  return detections.sort((a, b) => b.confidence - a.confidence).slice(0, maxDetections);
}
