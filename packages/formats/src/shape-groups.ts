import type { BoxAnnotation, Xyxy } from '@fovea/annotations';
import type { Place } from './dataset.js';

type Writable<T> = { -readonly [key in keyof T]: T[key] };

interface Draft {
  readonly annotation: Writable<BoxAnnotation>;
  readonly place: Place;
  /** Whether a rectangle said the box, rather than the shapes within it. */
  hasBox: boolean;
}

/** Objects of a picture put together from shapes that a tool keeps apart: outlines, a mask, points, a box of one group. */
export class ShapeGroups {
  private readonly drafts = new Map<string, Draft>();
  private alone = 0;

  /**
   * Adds a shape, to the object of its class and group where there is one and it may be a part of it: two boxes, masks
   * or sets of key points of a group are objects that belong together, not one.
   *
   * @param group undefined or 0: of none
   * @param isBox whether it is a rectangle, which says the box around the others
   */
  add(group: string | undefined, part: BoxAnnotation, isBox: boolean, place: Place): void {
    const isAlone = group === undefined || group === '' || group === '0' || part.isCrowd;
    const key = isAlone ? `${this.alone++}` : `${group}\n${part.className}`;
    const before = this.drafts.get(key);
    const isOther =
      before &&
      ((isBox && before.hasBox) ||
        (part.mask && before.annotation.mask) ||
        (part.keypoints && before.annotation.keypoints) ||
        (part.rotatedBox && before.annotation.rotatedBox));
    if (before === undefined || isOther) {
      const draft = { annotation: { ...part }, place, hasBox: isBox };
      this.drafts.set(before === undefined ? key : `${this.alone++}`, draft);
      return;
    }
    const { annotation } = before;
    if (part.polygons) annotation.polygons = [...(annotation.polygons ?? []), ...part.polygons];
    if (part.mask) annotation.mask = part.mask;
    if (part.keypoints) annotation.keypoints = part.keypoints;
    if (part.rotatedBox) annotation.rotatedBox = part.rotatedBox;
    if (part.attributes) annotation.attributes = { ...annotation.attributes, ...part.attributes };
    if (isBox) annotation.box = part.box;
    else if (!before.hasBox) annotation.box = around(annotation.box, part.box);
    before.hasBox ||= isBox;
  }

  /** The objects, in the order in which their first shapes came. */
  objects(): readonly { readonly annotation: BoxAnnotation; readonly place: Place }[] {
    return [...this.drafts.values()];
  }
}

function around(a: Xyxy, b: Xyxy): Xyxy {
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

/** Whether two boxes are the same but for rounding. */
export function isSameBox(a: Xyxy, b: Xyxy, tolerance = 1e-6): boolean {
  return a.every((side, at) => Math.abs(side - b[at]!) <= tolerance);
}
