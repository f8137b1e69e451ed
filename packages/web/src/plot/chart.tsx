import { Download, Image as ImageIcon } from 'lucide-react';
import { useEffect, useLayoutEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useDark } from '../frame/theme.js';
import { IconButton } from '../parts/button.js';
import { type PlotColors, plotColors } from './color.js';
import { type EChartsCoreOption, init } from './echarts.js';
import { saveCsv, savePng } from './save-plot.js';

/** A table behind a plot: what CSV holds, and what is read out to those who do not see it. */
export interface PlotTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/**
 * A plot of bars, cells or dots: exact values under the pointer, a picture or a table to take away, in the colours of
 * the page. Its height is fixed, with and without data.
 */
export function Chart({
  title,
  note,
  table,
  option,
  height = 240,
  empty,
  onPick,
  wide = false,
}: {
  title: string;
  note?: string;
  table: PlotTable;
  /** What ECharts draws, in the page's colours. */
  option: (colors: PlotColors) => EChartsCoreOption;
  height?: number;
  /** Said in the plot's place where there is nothing to draw; absent where there is. */
  empty?: string;
  /** Called with the place of what was clicked among the data. */
  onPick?: (index: number) => void;
  wide?: boolean;
}) {
  const { t } = useTranslation('run');
  const dark = useDark();
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<ReturnType<typeof init>>(null);
  const pick = useRef(onPick);
  pick.current = onPick;
  useLayoutEffect(() => {
    const made = init(host.current!, undefined, { renderer: 'canvas' });
    chart.current = made;
    made.on('click', (event) => pick.current?.(event.dataIndex));
    const observer = new ResizeObserver(() => made.resize());
    observer.observe(host.current!);
    return () => {
      observer.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new theme is new colours.
  useEffect(() => {
    const element = host.current!;
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    chart.current?.setOption({ animation: !calm, animationDuration: 160, ...option(plotColors(element)) }, true);
  }, [option, dark]);
  return (
    <figure className={`panel min-w-0 p-4 pb-2 ${wide ? 'col-span-full' : ''}`}>
      <figcaption className="flex min-h-8 items-center gap-x-3">
        <h3 className="font-medium">{title}</h3>
        {note && <span className="truncate text-12 text-ink-3 max-md:hidden">{note}</span>}
        <span className="ml-auto flex">
          <IconButton label={t('asPng')} disabled={empty !== undefined} onClick={() => savePng(host.current!, title)}>
            <ImageIcon aria-hidden />
          </IconButton>
          <IconButton label={t('asCsv')} disabled={empty !== undefined} onClick={() => saveCsv(toCsv(table), title)}>
            <Download aria-hidden />
          </IconButton>
        </span>
      </figcaption>
      <div className="relative" style={{ height }} role="img" aria-label={title}>
        <div ref={host} className={`absolute inset-0 ${empty === undefined ? '' : 'invisible'}`} />
        {empty !== undefined && (
          <p className="absolute inset-0 flex items-center justify-center px-6 text-center text-balance text-ink-3">
            {empty}
          </p>
        )}
      </div>
    </figure>
  );
}

/** A table as comma-separated values (RFC 4180). */
export function toCsv({ columns, rows }: PlotTable): string {
  const field = (value: string | number) =>
    /[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
  return [columns, ...rows].map((row) => row.map(field).join(',')).join('\n');
}
