import { Download, Image as ImageIcon } from 'lucide-react';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatSignificant } from '../catalogue/format.js';
import { useDark } from '../frame/theme.js';
import { IconButton } from '../parts/button.js';
import { cssColor, resolveColor } from './color.js';
import { alignCurves, type Curve, curvesToCsv } from './plot-data.js';
import { saveCsv, savePng } from './save-plot.js';

/**
 * Curves over a common axis, live: new points are drawn without starting over. The line above the plot reads the values
 * under the pointer (or the arrow keys), else the latest. Its height is fixed, with and without data.
 */
export function LinePlot({
  title,
  note,
  curves,
  xLabel,
  yLabel,
  range,
  whole = false,
  height = 256,
  empty,
  latest: readLatest = true,
}: {
  title: string;
  note?: string;
  curves: readonly Curve[];
  xLabel: string;
  yLabel: string;
  /** Fixed limits of y; found from the data where absent. */
  range?: readonly [number, number];
  /** Whether x counts something, so that no tick stands between two numbers. */
  whole?: boolean;
  height?: number;
  empty: string;
  /** Whether the newest values are read out while nothing is pointed at: of a curve that grows, they say where it is. */
  latest?: boolean;
}) {
  const { t } = useTranslation('run');
  const dark = useDark();
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const [at, setAt] = useState<number | null>(null);
  const data = alignCurves(curves);
  const latest = useRef(data);
  latest.current = data;
  const shape = curves.map(({ name, color, faint }) => `${name}${color}${faint ? '~' : ''}`).join();
  const shapeRef = useRef(curves);
  shapeRef.current = curves;

  // biome-ignore lint/correctness/useExhaustiveDependencies: built anew when its look changes; data follows below.
  useLayoutEffect(() => {
    const element = host.current!;
    const options = plotOptions(element, shapeRef.current, { xLabel, yLabel, range, whole, height, onCursor: setAt });
    const made = new uPlot(options, latest.current, element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, dark, xLabel, yLabel, height, range?.[0], range?.[1]]);

  const length = data[0].length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new array every render; its length and end say it changed.
  useEffect(() => {
    const drawn = plot.current;
    if (!drawn) return;
    // Whoever has zoomed in stays where they are while points come; a double click goes back to all.
    const [xs] = drawn.data;
    const { min, max } = drawn.scales.x!;
    // A plot just built has no limits yet.
    const zoomed = min != null && max != null && xs.length > 1 && (min > xs[0]! || max < xs.at(-1)!);
    drawn.setData(latest.current, !zoomed);
    if (zoomed) drawn.redraw();
  }, [length, ...curves.map(({ points }) => points.at(-1)?.[1])]);

  const pointed = at !== null && at < length;
  const index = pointed ? at : length - 1;
  const x = pointed || readLatest ? data[0][index] : undefined;
  const onKeyDown = (event: React.KeyboardEvent) => {
    const step = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
    if (step === 0 || length === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const next = Math.min(length - 1, Math.max(0, index + step));
    plot.current?.setCursor({ left: plot.current.valToPos(data[0][next]!, 'x'), top: 0 });
  };

  return (
    <figure className="panel min-w-0 p-4 pb-2">
      <figcaption className="flex min-h-8 items-center gap-x-4">
        <h3 className="font-medium">{title}</h3>
        {note && <span className="truncate text-12 text-ink-3 max-md:hidden">{note}</span>}
        <span className="ml-auto flex">
          <IconButton label={t('asPng')} disabled={length === 0} onClick={() => savePng(host.current!, title)}>
            <ImageIcon aria-hidden />
          </IconButton>
          <IconButton
            label={t('asCsv')}
            disabled={length === 0}
            onClick={() => saveCsv(curvesToCsv(xLabel, curves), title)}
          >
            <Download aria-hidden />
          </IconButton>
        </span>
      </figcaption>
      <div className="mb-1 flex h-6 items-center gap-x-4 overflow-hidden text-12 text-ink-2" aria-live="off">
        {curves.map((curve, column) =>
          curve.faint ? null : (
            <span key={curve.name} className="inline-flex items-center gap-1.5 whitespace-nowrap">
              <span className="h-0.5 w-3 rounded-full" style={{ background: cssColor(curve.color) }} />
              {curve.name}
              <span className="min-w-9 font-medium text-ink">
                {x !== undefined && formatSignificant(lastValue(data[column + 1], index))}
              </span>
            </span>
          ),
        )}
        {x !== undefined && (
          <span className="ml-auto whitespace-nowrap text-ink-3 max-md:hidden">
            {xLabel} {formatSignificant(x)}
          </span>
        )}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: focused, its arrows read the values one by one. */}
      <div className="relative" style={{ height }} role="img" aria-label={title} tabIndex={0} onKeyDown={onKeyDown}>
        <div ref={host} className="absolute inset-0" />
        {length === 0 && <p className="absolute inset-0 flex items-center justify-center text-ink-3">{empty}</p>}
      </div>
    </figure>
  );
}

function lastValue(column: uPlot.AlignedData[number] | undefined, index: number): number | null {
  for (let at = index; column && at >= 0; at--) {
    const value = column[at];
    if (value !== null && value !== undefined) return value;
  }
  return null;
}

/** Distances of ticks that are whole numbers. */
const wholeSteps = [1, 2, 5]
  .flatMap((step) => [0, 1, 2, 3, 4, 5, 6].map((power) => step * 10 ** power))
  .sort((a, b) => a - b);

interface Look {
  xLabel: string;
  yLabel: string;
  range?: readonly [number, number];
  whole: boolean;
  height: number;
  onCursor: (index: number | null) => void;
}

function plotOptions(element: HTMLElement, curves: readonly Curve[], look: Look): uPlot.Options {
  const ink = resolveColor(element, '--ink-3');
  const line = resolveColor(element, '--line');
  const font = '12px "Inter Variable", sans-serif';
  const axis = {
    stroke: ink,
    font,
    labelFont: font,
    labelSize: 16,
    labelGap: 0,
    grid: { stroke: line, width: 1 },
    ticks: { show: false },
  } as const;
  return {
    width: element.clientWidth || 320,
    height: look.height,
    legend: { show: false },
    padding: [8, 12, 0, 0],
    cursor: { y: false, drag: { x: true, y: false }, points: { size: 7 } },
    scales: {
      // Before the first point, and with one alone, there is an axis all the same, so that nothing moves when more come.
      x: {
        time: false,
        range: ({ data: [xs] }, low, high) => (xs.length < 2 ? [xs[0] ?? 0, (xs[0] ?? 0) + 1] : [low, high]),
      },
      y: look.range ? { range: [look.range[0], look.range[1]] } : { range: (_, low, high) => padRange(low, high) },
    },
    axes: [
      {
        ...axis,
        label: look.xLabel,
        size: 26,
        gap: 4,
        ...(look.whole && { incrs: wholeSteps }),
        values: (_, splits) => splits.map(formatSignificant),
      },
      { ...axis, label: look.yLabel, size: 46, gap: 6, values: (_, splits) => splits.map(formatSignificant) },
    ],
    series: [
      {},
      ...curves.map((curve): uPlot.Series => {
        const color = resolveColor(element, curve.color);
        return {
          label: curve.name,
          stroke: curve.faint ? withAlpha(color, 0.28) : color,
          width: curve.faint ? 1 : 1.75,
          spanGaps: true,
          points: { show: (plot) => !curve.faint && plot.data[0].length < 24, size: 4 },
        };
      }),
    ],
    hooks: { setCursor: [(plot) => look.onCursor(plot.cursor.idx ?? null)] },
  };
}

function padRange(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const pad = (high - low || Math.abs(high) || 1) * 0.06;
  return [low >= 0 ? Math.max(0, low - pad) : low - pad, high + pad];
}

function withAlpha(color: string, alpha: number): string {
  return `color-mix(in srgb, ${color} ${alpha * 100}%, transparent)`;
}
