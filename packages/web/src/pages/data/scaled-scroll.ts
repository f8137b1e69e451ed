/**
 * Browsers end an element's height (Chromium near 33.5 million pixels, Firefox near 17.9), and a wall of a million
 * pictures is higher. So the scrolled element is at most this high, and what it stands for is said here.
 */
const tallest = 15_000_000;
/** At both ends a pixel of scrolling is a pixel of the wall, so that each end can be reached by the wheel. */
const endZone = 1_000_000;

/** How a scroll position stands for a place in the wall. */
export interface ScaledScroll {
  /** Height to give the scrolled element. */
  readonly height: number;
  /** Place in the wall, in pixels from its top, after a scroll to `position`. A leap goes by scale, the rest by pixel. */
  scrolled(position: number): number;
  /** Goes to a place in the wall; answers the scroll position that stands for it. */
  moveTo(place: number): number;
  /** What to add to a scroll position for the place in the wall. */
  readonly offset: number;
  /** The scroll position that says truly how far down the place is, where the present one has drifted; else undefined. */
  settle(): number | undefined;
}

/** Scrolling over `total` pixels seen through a window `view` pixels high, which starts at `place`. */
export function createScaledScroll(total: number, view: number, place = 0): ScaledScroll {
  const height = Math.max(view, Math.min(total, tallest));
  const end = Math.max(0, total - view);
  const scrollEnd = Math.max(0, height - view);
  const isScaled = total > tallest;
  const slope = isScaled ? (end - 2 * endZone) / (scrollEnd - 2 * endZone) : 1;
  const toPlace = (position: number) => {
    if (!isScaled || position <= endZone) return position;
    if (position >= scrollEnd - endZone) return end - (scrollEnd - position);
    return endZone + (position - endZone) * slope;
  };
  const toPosition = (at: number) => {
    if (!isScaled || at <= endZone) return at;
    if (at >= end - endZone) return scrollEnd - (end - at);
    return endZone + (at - endZone) / slope;
  };
  const clamp = (value: number, most: number) => Math.min(most, Math.max(0, value));

  let at = clamp(place, end);
  let position = toPosition(at);
  return {
    height,
    get offset() {
      return at - position;
    },
    scrolled(next) {
      const delta = next - position;
      if (!isScaled || Math.abs(delta) > view * 1.5) at = clamp(toPlace(next), end);
      else at = clamp(at + delta, end);
      position = next;
      return at;
    },
    moveTo(next) {
      at = clamp(next, end);
      position = toPosition(at);
      return position;
    },
    settle() {
      const truth = toPosition(at);
      if (!isScaled || Math.abs(truth - position) < 1) return undefined;
      position = truth;
      return position;
    },
  };
}
