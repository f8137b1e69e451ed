/** Corners in pixels from the picture's top-left corner; xmax and ymax are exclusive, so width is xmax - xmin. */
export type Xyxy = readonly [xmin: number, ymin: number, xmax: number, ymax: number];

/** Top-left corner, width and height, in pixels (COCO's order). */
export type Xywh = readonly [xmin: number, ymin: number, width: number, height: number];

/** Centre, width and height; pixels unless the name of the variable says normalized (YOLO's order). */
export type Cxcywh = readonly [cx: number, cy: number, width: number, height: number];

/** Area in square pixels; 0 for a box whose corners are swapped. */
export function area([xmin, ymin, xmax, ymax]: Xyxy): number {
  return Math.max(0, xmax - xmin) * Math.max(0, ymax - ymin);
}

/** The box both cover. Where they do not meet, its area is 0. */
export function intersection(a: Xyxy, b: Xyxy): Xyxy {
  const xmin = Math.max(a[0], b[0]);
  const ymin = Math.max(a[1], b[1]);
  return [xmin, ymin, Math.max(xmin, Math.min(a[2], b[2])), Math.max(ymin, Math.min(a[3], b[3]))];
}

/** Intersection over union, in [0, 1]; 0 when either box has no area. */
export function iou(a: Xyxy, b: Xyxy): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (!(width > 0 && height > 0)) return 0;
  const common = width * height;
  return Math.min(1, common / (area(a) + area(b) - common));
}

/** Corners of a box given by corner and size. */
export function xywhToXyxy([xmin, ymin, width, height]: Xywh): Xyxy {
  return [xmin, ymin, xmin + width, ymin + height];
}

/** Corner and size of a box given by corners. */
export function xyxyToXywh([xmin, ymin, xmax, ymax]: Xyxy): Xywh {
  return [xmin, ymin, xmax - xmin, ymax - ymin];
}

/** Corners of a box given by centre and size. */
export function cxcywhToXyxy([cx, cy, width, height]: Cxcywh): Xyxy {
  return [cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2];
}

/** Centre and size of a box given by corners. */
export function xyxyToCxcywh([xmin, ymin, xmax, ymax]: Xyxy): Cxcywh {
  return [(xmin + xmax) / 2, (ymin + ymax) / 2, xmax - xmin, ymax - ymin];
}

/** The part of `box` inside a picture of `width` x `height` pixels; area 0 when nothing of it is inside. */
export function clipBox(box: Xyxy, width: number, height: number): Xyxy {
  const clamp = (value: number, max: number) => Math.min(Math.max(value, 0), max);
  return [clamp(box[0], width), clamp(box[1], height), clamp(box[2], width), clamp(box[3], height)];
}
