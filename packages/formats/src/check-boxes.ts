import { type BoxAnnotation, clipBox } from '@fovea/annotations';
import type { Problem, SourcedAnnotation } from './dataset.js';

/** Half a pixel is rounding, not a mistake: cut off without a word. */
const TOLERANCE_PIXELS = 0.5;

/**
 * Holds annotations against the size of their picture: boxes are clipped to it, and those of which less than half a
 * pixel remains are dropped. Returns what is kept, in order, and a problem for each box changed or dropped, placed in
 * the label file the annotation came from.
 *
 * @param width of the picture as shown, in pixels
 * @param file named in problems of annotations that came from no label file
 */
export function checkBoxes(
  annotations: readonly SourcedAnnotation[],
  width: number,
  height: number,
  file = '',
): { kept: BoxAnnotation[]; problems: Problem[] } {
  const kept: BoxAnnotation[] = [];
  const problems: Problem[] = [];
  for (const { source, ...annotation } of annotations) {
    const { box, className } = annotation;
    const clipped = clipBox(box, width, height);
    const overhang = Math.max(...box.map((value, side) => Math.abs(value - clipped[side]!)));
    const isOutside = clipped[2] - clipped[0] < TOLERANCE_PIXELS || clipped[3] - clipped[1] < TOLERANCE_PIXELS;
    if (overhang === 0) {
      kept.push(annotation);
      continue;
    }
    if (!isOutside) kept.push({ ...annotation, box: clipped });
    if (!isOutside && overhang <= TOLERANCE_PIXELS) continue;

    const corners = `(${box.map((value) => Number(value.toFixed(2))).join(', ')})`;
    problems.push({
      ...(source ?? { file }),
      code: isOutside ? 'box_outside' : 'box_clipped',
      reason: isOutside
        ? `The box ${className} ${corners} lies outside the picture of ${width} x ${height}; skipped.`
        : `The box ${className} ${corners} reaches out of the picture of ${width} x ${height}; clipped to it.`,
    });
  }
  return { kept, problems };
}
