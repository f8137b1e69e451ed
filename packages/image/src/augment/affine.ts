/** x' = a x + b y + c, y' = d x + e y + f, in pixels whose centres lie at halves. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** The point (x, y) moved. */
export function moved([a, b, c, d, e, f]: Affine, x: number, y: number): [number, number] {
  return [a * x + b * y + c, d * x + e * y + f];
}

/** First `inner`, then `outer`. */
export function composed(outer: Affine, inner: Affine): Affine {
  const [a, b, c, d, e, f] = inner;
  const [x, y] = moved(outer, c, f);
  return [
    outer[0] * a + outer[1] * d,
    outer[0] * b + outer[1] * e,
    x,
    outer[3] * a + outer[4] * d,
    outer[3] * b + outer[4] * e,
    y,
  ];
}

/** The signed factor by which areas grow; negative where left and right are exchanged. */
export function determinant([a, b, , d, e]: Affine): number {
  return a * e - b * d;
}

/** The way back; the determinant must not be 0. */
export function inverted(affine: Affine): Affine {
  const [a, b, c, d, e, f] = affine;
  const scale = 1 / determinant(affine);
  return [e * scale, -b * scale, (b * f - e * c) * scale, -d * scale, a * scale, (d * c - a * f) * scale];
}

/** Whether rows stay rows and columns columns. */
export function isAxisAligned([, b, , d]: Affine): boolean {
  return b === 0 && d === 0;
}
