/** One row of the wall: pictures `start` to `start + widths.length`, all `height` pixels high. */
export interface WallRow {
  readonly start: number;
  readonly height: number;
  readonly widths: readonly number[];
}

/**
 * Sets pictures in rows that fill the width exactly, all of a row at one height near `target`, as a page is justified.
 * `aspects` are width over height. The last row keeps the target height instead of being stretched. Empty in, empty out.
 */
export function justify(aspects: readonly number[], width: number, target: number, gap: number): WallRow[] {
  const rows: WallRow[] = [];
  if (width <= 0) return rows;
  let start = 0;
  let sum = 0;
  for (let end = 0; end < aspects.length; end++) {
    const aspect = clampAspect(aspects[end]!);
    const count = end - start + 1;
    const room = width - gap * (count - 1);
    // The row is full when its height falls to the target: with this picture or without it, whichever is nearer.
    if ((sum + aspect) * target >= room) {
      const withIt = room / (sum + aspect);
      const without = count > 1 ? (room + gap) / sum : Number.POSITIVE_INFINITY;
      if (Math.abs(without - target) < Math.abs(withIt - target)) {
        rows.push(row(aspects, start, end, without));
        start = end;
        sum = aspect;
      } else {
        rows.push(row(aspects, start, end + 1, withIt));
        start = end + 1;
        sum = 0;
      }
    } else {
      sum += aspect;
    }
  }
  if (start < aspects.length) {
    const room = width - gap * (aspects.length - start - 1);
    rows.push(row(aspects, start, aspects.length, Math.min(target, room / sum)));
  }
  return rows;
}

/** The picture nearest above or below another: in the neighbouring row, the one whose middle is nearest. */
export function neighbour(rows: readonly WallRow[], index: number, step: 1 | -1, gap: number): number {
  const at = rows.findIndex(({ start, widths }) => index >= start && index < start + widths.length);
  const from = rows[at];
  const to = rows[at + step];
  if (!from || !to) return index;
  const middle = middles(from, gap)[index - from.start]!;
  const distances = middles(to, gap).map((x) => Math.abs(x - middle));
  return to.start + distances.indexOf(Math.min(...distances));
}

function middles({ widths }: WallRow, gap: number): number[] {
  let x = 0;
  return widths.map((width) => {
    const middle = x + width / 2;
    x += width + gap;
    return middle;
  });
}

function row(aspects: readonly number[], start: number, end: number, height: number): WallRow {
  return { start, height, widths: aspects.slice(start, end).map((aspect) => clampAspect(aspect) * height) };
}

/** A very long picture would leave nothing beside it; it is shown cropped. */
function clampAspect(aspect: number): number {
  return Math.min(4, Math.max(0.3, aspect));
}
