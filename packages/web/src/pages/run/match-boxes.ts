import { iou, type Xyxy } from '@fovea/annotations';

interface Named {
  readonly className: string;
  readonly box: readonly [number, number, number, number];
}

/**
 * Counts what a model found: predictions of at least `confidence`, best first, each take the free true box of their class
 * that they overlap most, at an IoU of 0.5 or more (COCO's matching). The rest of the predictions are `extra`.
 */
export function matchBoxes(
  truth: readonly Named[],
  predictions: readonly (Named & { readonly confidence: number })[],
  confidence: number,
): { matched: number; extra: number } {
  const free = new Set(truth);
  let matched = 0;
  let extra = 0;
  const kept = predictions.filter((one) => one.confidence >= confidence).sort((a, b) => b.confidence - a.confidence);
  for (const one of kept) {
    let best: Named | undefined;
    let overlap = 0.5;
    for (const box of free) {
      if (box.className !== one.className) continue;
      const value = iou(box.box as Xyxy, one.box as Xyxy);
      if (value >= overlap) {
        overlap = value;
        best = box;
      }
    }
    if (best) {
      free.delete(best);
      matched++;
    } else extra++;
  }
  return { matched, extra };
}
