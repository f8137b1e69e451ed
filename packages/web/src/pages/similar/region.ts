/** A region of a picture: xyxy in its pixels. */
export type Region = readonly [number, number, number, number];

/** A region in an address; undefined where the text is none. */
export function readRegion(text: string | undefined): Region | undefined {
  const parts = text?.split(',').map(Number) ?? [];
  if (parts.length !== 4 || !parts.every((each) => Number.isFinite(each) && each >= 0)) return undefined;
  const [x0, y0, x1, y1] = parts as [number, number, number, number];
  return x1 > x0 && y1 > y0 ? [x0, y0, x1, y1] : undefined;
}
