/**
 * Where all pictures of a wall stand, a million of them in some megabytes: row `r` holds pictures `starts[r]` up to
 * `starts[r + 1]`, and reaches from `tops[r]` down to `tops[r + 1] - gap`, in pixels.
 */
export interface WallLayout {
  readonly rows: number;
  readonly width: number;
  readonly gap: number;
  /** rows + 1 entries, the last the number of pictures. */
  readonly starts: Uint32Array;
  /** rows + 1 entries, the last the height of the whole and a gap. */
  readonly tops: Float64Array;
}

/** A picture's place in its row, in pixels from the left. */
export interface TilePlace {
  readonly index: number;
  readonly left: number;
  readonly width: number;
}

/**
 * Sets pictures in rows that fill the width exactly, all of a row at one height near `target`, as a page is justified.
 * `aspects` are width over height. The last row keeps the target height instead of being stretched. Empty in, no rows.
 */
export function justify(aspects: ArrayLike<number>, width: number, target: number, gap: number): WallLayout {
  const count = width > 0 ? aspects.length : 0;
  const starts = new Uint32Array(count + 1);
  const tops = new Float64Array(count + 1);
  let rows = 0;
  let top = 0;
  const close = (end: number, height: number) => {
    top += height + gap;
    rows++;
    starts[rows] = end;
    tops[rows] = top;
  };
  let start = 0;
  let sum = 0;
  for (let end = 0; end < count; end++) {
    const aspect = clampAspect(aspects[end]!);
    const inRow = end - start + 1;
    const room = width - gap * (inRow - 1);
    // The row is full when its height falls to the target: with this picture or without it, whichever is nearer.
    if ((sum + aspect) * target >= room) {
      const withIt = room / (sum + aspect);
      const without = inRow > 1 ? (room + gap) / sum : Number.POSITIVE_INFINITY;
      if (Math.abs(without - target) < Math.abs(withIt - target)) {
        close(end, without);
        start = end;
        sum = aspect;
      } else {
        close(end + 1, withIt);
        start = end + 1;
        sum = 0;
      }
    } else {
      sum += aspect;
    }
  }
  if (start < count) {
    const room = width - gap * (count - start - 1);
    close(count, Math.min(target, room / sum));
  }
  return { rows, width, gap, starts: starts.slice(0, rows + 1), tops: tops.slice(0, rows + 1) };
}

/** The last entry that is at most `value`, of ascending ones; 0 where none is. */
function lastAtMost(sorted: ArrayLike<number>, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/** The row a picture is in. */
export function rowOf({ starts, rows }: WallLayout, index: number): number {
  return Math.min(Math.max(0, rows - 1), lastAtMost(starts, index));
}

/** The row at a height, in pixels from the top of the wall; a gap belongs to the row above it. */
export function rowAt({ tops, rows }: WallLayout, y: number): number {
  return Math.min(Math.max(0, rows - 1), lastAtMost(tops, y));
}

/** A row's height in pixels. */
export function heightOf({ tops, gap }: WallLayout, row: number): number {
  return tops[row + 1]! - tops[row]! - gap;
}

/** The pictures of a row and where they stand. */
export function placeRow(layout: WallLayout, aspects: ArrayLike<number>, row: number): TilePlace[] {
  const height = heightOf(layout, row);
  const places: TilePlace[] = [];
  let left = 0;
  for (let index = layout.starts[row]!; index < layout.starts[row + 1]!; index++) {
    const width = clampAspect(aspects[index]!) * height;
    places.push({ index, left, width });
    left += width + layout.gap;
  }
  return places;
}

/** The picture nearest above or below another: in the neighbouring row, the one whose middle is nearest. */
export function neighbour(layout: WallLayout, aspects: ArrayLike<number>, index: number, step: 1 | -1): number {
  const row = rowOf(layout, index);
  const to = row + step;
  if (to < 0 || to >= layout.rows) return index;
  const middleOf = ({ left, width }: TilePlace) => left + width / 2;
  const own = placeRow(layout, aspects, row).find((place) => place.index === index);
  if (!own) return index;
  const distance = (place: TilePlace) => Math.abs(middleOf(place) - middleOf(own));
  return placeRow(layout, aspects, to).reduce((best, place) => (distance(place) < distance(best) ? place : best)).index;
}

/** The pictures that a rectangle touches, in pixels of the wall. */
export function touchedBy(
  layout: WallLayout,
  aspects: ArrayLike<number>,
  { left, top, right, bottom }: { left: number; top: number; right: number; bottom: number },
): number[] {
  const found: number[] = [];
  if (layout.rows === 0) return found;
  for (let row = rowAt(layout, top); row <= rowAt(layout, bottom); row++) {
    if (layout.tops[row]! + heightOf(layout, row) < top || layout.tops[row]! > bottom) continue;
    for (const place of placeRow(layout, aspects, row)) {
      if (place.left <= right && place.left + place.width >= left) found.push(place.index);
    }
  }
  return found;
}

/** A very long picture would leave nothing beside it; it is shown cropped. */
function clampAspect(aspect: number): number {
  return Number.isNaN(aspect) ? 1 : Math.min(4, Math.max(0.3, aspect));
}
