/**
 * Seven hues that people with any common colour blindness tell apart (Okabe & Ito 2008, "Color Universal Design"),
 * ordered so that neighbours differ most; black is left out, since it is lost on photographs.
 */
const BASE = ['#e69f00', '#56b4e9', '#009e73', '#cc79a7', '#f0e442', '#0072b2', '#d55e00'] as const;

/** How later rounds of the sequence shift the base: towards white (positive) or black (negative). */
const SHIFTS = [0, 0.5, -0.38, 0.28, -0.2] as const;

/**
 * The colour of a class, as `#rrggbb`: the same in every page, plot and drawn picture, since it depends on the class's
 * index alone. 35 different colours; then they come round again.
 */
export function classColor(index: number): string {
  const base = BASE[index % BASE.length]!;
  const shift = SHIFTS[Math.floor(index / BASE.length) % SHIFTS.length]!;
  const channels = [1, 3, 5].map((at) => {
    const value = Number.parseInt(base.slice(at, at + 2), 16);
    return Math.round(value + ((shift > 0 ? 255 : 0) - value) * Math.abs(shift));
  });
  return `#${channels.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}
