import { type BoxAnnotation, clipBox } from '@fovea/annotations';
import { clipShape } from './clip-shape.js';
import type { Problem, SourcedAnnotation } from './dataset.js';

/** Half a pixel is rounding, not a mistake: cut off without a word. */
const TOLERANCE_PIXELS = 0.5;

/**
 * Holds annotations against the size of their picture: boxes are clipped to it, and those of which less than half a
 * pixel remains are dropped. Their shapes are treated alike: outlines are cut at the picture's edges, key points outside
 * count as not labelled, a mask of another size than the picture's is left out; a rotated box stays as it is, since its
 * corners may lie outside. Returns what is kept, in order, and problems for each annotation changed or dropped, placed
 * in the label file it came from.
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
    const place = source ?? { file };
    const clipped = clipBox(box, width, height);
    const overhang = Math.max(...box.map((value, side) => Math.abs(value - clipped[side]!)));
    const isOutside = clipped[2] - clipped[0] < TOLERANCE_PIXELS || clipped[3] - clipped[1] < TOLERANCE_PIXELS;
    const isDropped = overhang > 0 && isOutside;
    if (overhang > TOLERANCE_PIXELS || isDropped) {
      const corners = `(${box.map((value) => Number(value.toFixed(2))).join(', ')})`;
      problems.push({
        ...place,
        code: isOutside ? 'box_outside' : 'box_clipped',
        reason: isOutside
          ? `The box ${className} ${corners} lies outside the picture of ${width} x ${height}; skipped.`
          : `The box ${className} ${corners} reaches out of the picture of ${width} x ${height}; clipped to it.`,
      });
    }
    if (isDropped) continue;
    const { shape, faults } = clipShape(annotation, width, height);
    for (const { code, what } of faults) {
      // That outlines reach as far as their box is said with the box.
      if (code === 'shape_clipped' && overhang > TOLERANCE_PIXELS) continue;
      problems.push({ ...place, code, reason: `${what} of ${className} in the picture of ${width} x ${height}.` });
    }
    kept.push(overhang === 0 ? shape : { ...shape, box: clipped });
  }
  return { kept, problems };
}
