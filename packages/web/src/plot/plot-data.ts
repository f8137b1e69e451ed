import type { MetricPoint } from '@fovea/api';
import uPlot from 'uplot';

/** One curve: its points by x ascending, null where the value was not a number. */
export interface Curve {
  readonly name: string;
  /** CSS custom property of its colour, e.g. `--plot-1`, or a colour. */
  readonly color: string;
  readonly points: readonly (readonly [x: number, y: number | null])[];
  /** Drawn faint, without a readout: the raw values behind a smoothed curve. */
  readonly faint?: boolean;
}

/** The points of one metric, by step or by epoch; of several at one x the last counts. */
export function curvePoints(
  points: readonly MetricPoint[],
  name: string,
  by: 'step' | 'epoch',
): [number, number | null][] {
  const values = new Map<number, number | null>();
  for (const point of points) {
    if (point.name !== name) continue;
    const x = by === 'step' ? point.step : (point.epoch ?? point.step);
    values.set(x, point.value);
  }
  return [...values].sort(([a], [b]) => a - b);
}

/**
 * Each value replaced by the mean of its neighbourhood, two hundredths of the curve to either side: centred, so that the
 * smoothed curve does not lag behind the raw one. Nulls are passed over and stay null.
 */
export function smooth(points: readonly (readonly [number, number | null])[]): [number, number | null][] {
  const reach = Math.max(2, Math.round(points.length / 50));
  return points.map(([x, y], at) => {
    if (y === null) return [x, null];
    const side = Math.min(reach, at, points.length - 1 - at);
    const near = points.slice(at - side, at + side + 1).flatMap(([, value]) => (value === null ? [] : [value]));
    return [x, near.reduce((sum, value) => sum + value, 0) / near.length];
  });
}

/** Curves on one common x axis, as uPlot wants them. */
export function alignCurves(curves: readonly Curve[]): uPlot.AlignedData {
  const tables = curves.map(({ points }): uPlot.AlignedData => [points.map(([x]) => x), points.map(([, y]) => y)]);
  if (tables.length === 0) return [[]];
  return uPlot.join(tables);
}

/** Comma-separated values of curves, one row an x, for a spreadsheet. */
export function curvesToCsv(xName: string, curves: readonly Curve[]): string {
  const [xs, ...columns] = alignCurves(curves);
  const quote = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const head = [xName, ...curves.map(({ name }) => name)].map(quote).join(',');
  const rows = Array.from(xs, (x, at) => [x, ...columns.map((column) => column[at] ?? '')].join(','));
  return `${[head, ...rows].join('\n')}\n`;
}
