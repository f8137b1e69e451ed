import { classColor } from '@fovea/annotations';
import type { DatasetStatistics } from '@fovea/api';
import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount, formatSignificant } from '../../catalogue/format.js';
import { printPlace } from '../../catalogue/place.js';
import { type FilterSearch, printRange } from '../../data/filter-search.js';
import { landQuery } from '../../parts/world-map.js';
import { Chart, type PlotTable } from '../../plot/chart.js';
import { barOption, baseOption, listOption, valueAxis } from '../../plot/chart-options.js';
import type { PlotColors } from '../../plot/color.js';
import { type EChartsCoreOption, registerMap } from '../../plot/echarts.js';

type Histogram = DatasetStatistics['boxSizes'];
type Translate = TFunction<'statistics'>;

/** Shows the pictures of a part of a plot. */
export type Pick = (filter: FilterSearch) => void;

const sumOf = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);

/** Labels by class, in the classes' own colours. */
export function ClassesPlot({ statistics, onPick }: { statistics: DatasetStatistics; onPick: Pick }) {
  const { t } = useTranslation('statistics');
  const classes = useMemo(
    () =>
      statistics.classes
        .filter(({ objects }) => objects > 0)
        .sort((a, b) => b.objects - a.objects)
        .slice(0, 40),
    [statistics],
  );
  const option = useMemo(
    () => (colors: PlotColors) =>
      listOption(colors, {
        names: classes.map(({ name }) => name),
        counts: classes.map(({ objects }) => objects),
        own: classes.map(({ index }) => classColor(index)),
        tips: classes.map(({ name, objects, pictures }) =>
          t('classTip', { name, objects: formatCount(objects), pictures: formatCount(pictures) }),
        ),
        xName: t('objects'),
      }),
    [classes, t],
  );
  return (
    <Chart
      wide
      title={t('classes')}
      note={t('classesNote')}
      height={Math.max(160, 56 + classes.length * 24)}
      option={option}
      empty={classes.length === 0 ? t('noClasses') : undefined}
      table={{
        columns: [t('name'), t('objects'), t('pictures')],
        rows: classes.map(({ name, objects, pictures }) => [name, objects, pictures]),
      }}
      onPick={(at) => onPick({ class: classes[at]!.name })}
    />
  );
}

/** Counts in bins. */
export function HistogramPlot({
  title,
  note,
  axis,
  histogram,
  of,
  empty,
  print = formatSignificant,
  onPick,
}: {
  title: string;
  note?: string;
  axis: string;
  histogram: Histogram;
  of: 'pictures' | 'objects';
  empty: string;
  /** An edge in words. */
  print?: (edge: number) => string;
  /** Given the two edges of the bin that was clicked. */
  onPick?: (low: number, high: number) => void;
}) {
  const { t } = useTranslation('statistics');
  const { edges, counts } = histogram;
  const option = useMemo(
    () => (colors: PlotColors) =>
      barOption(colors, {
        names: counts.map((_, bin) => print(edges[bin]!)),
        counts,
        tips: counts.map((count, bin) =>
          t(`${of}Tip`, {
            what: `${print(edges[bin]!)} – ${print(edges[bin + 1]!)}`,
            count,
            text: formatCount(count),
          }),
        ),
        xName: axis,
        yName: t(of),
      }),
    [edges, counts, axis, of, print, t],
  );
  return (
    <Chart
      title={title}
      note={note}
      option={option}
      empty={sumOf(counts) === 0 ? empty : undefined}
      table={{
        columns: [t('from'), t('to'), t(of)],
        rows: counts.map((count, bin) => [edges[bin]!, edges[bin + 1]!, count]),
      }}
      onPick={onPick && ((bin) => onPick(edges[bin]!, edges[bin + 1]!))}
    />
  );
}

/** Counts of named things. */
export function ListPlot({
  title,
  rows,
  empty,
  onPick,
}: {
  title: string;
  rows: readonly { readonly key: string; readonly name: string; readonly pictures: number }[];
  empty?: string;
  onPick: (key: string) => void;
}) {
  const { t } = useTranslation('statistics');
  const option = useMemo(
    () => (colors: PlotColors) =>
      listOption(colors, {
        names: rows.map(({ name }) => name),
        counts: rows.map(({ pictures }) => pictures),
        tips: rows.map(({ name, pictures }) =>
          t('picturesTip', { what: name, count: pictures, text: formatCount(pictures) }),
        ),
        xName: t('pictures'),
      }),
    [rows, t],
  );
  return (
    <Chart
      title={title}
      height={Math.max(200, 56 + rows.length * 24)}
      option={option}
      empty={empty}
      table={{ columns: [t('name'), t('pictures')], rows: rows.map(({ name, pictures }) => [name, pictures]) }}
      onPick={(at) => onPick(rows[at]!.key)}
    />
  );
}

/** How many objects pictures have; the last bar takes all that have more. */
export function ObjectsPlot({ statistics, onPick }: { statistics: DatasetStatistics; onPick: Pick }) {
  const { t } = useTranslation('statistics');
  const bars = useMemo(() => {
    const found = statistics.objectsPerPicture;
    const most = Math.max(0, ...found.map(({ objects }) => objects));
    return Array.from({ length: found.length === 0 ? 0 : most + 1 }, (_, objects) => ({
      objects,
      pictures: found.find((one) => one.objects === objects)?.pictures ?? 0,
    }));
  }, [statistics]);
  const option = useMemo(
    () => (colors: PlotColors) => {
      const name = (objects: number) => (objects === 50 ? t('orMore', { count: 50 }) : String(objects));
      return barOption(colors, {
        names: bars.map(({ objects }) => name(objects)),
        counts: bars.map(({ pictures }) => pictures),
        tips: bars.map(({ objects, pictures }) =>
          t('perPictureTip', { objects: name(objects), pictures: formatCount(pictures) }),
        ),
        xName: t('objects'),
        yName: t('pictures'),
      });
    },
    [bars, t],
  );
  return (
    <Chart
      title={t('objectsPerPicture')}
      option={option}
      empty={bars.length === 0 ? t('noBoxes') : undefined}
      table={{ columns: [t('objects'), t('pictures')], rows: bars.map(({ objects, pictures }) => [objects, pictures]) }}
      onPick={(at) => {
        const { objects } = bars[at]!;
        onPick({ annotations: objects === 50 ? '50..' : `${objects}..${objects}` });
      }}
    />
  );
}

/** Where in their pictures objects are. */
export function PositionsPlot({ statistics }: { statistics: DatasetStatistics }) {
  const { t } = useTranslation('statistics');
  const { side, counts } = statistics.positions;
  const most = Math.max(...counts);
  const option = useMemo(
    () =>
      (colors: PlotColors): EChartsCoreOption => {
        const base = baseOption(colors);
        const axis = {
          type: 'category' as const,
          data: Array.from({ length: side }, (_, at) => `${Math.round((at / side) * 100)} %`),
          axisLabel: { color: colors.faint, interval: side / 4 - 1 },
          axisTick: { show: false },
          axisLine: { lineStyle: { color: colors.line } },
          splitArea: { show: false },
        };
        return {
          ...base,
          tooltip: {
            ...(base.tooltip as object),
            formatter: ({ value: [x, y, count] }: { value: [number, number, number] }) =>
              t('objectsTip', {
                what: `${Math.round((x / side) * 100)} %, ${Math.round((y / side) * 100)} %`,
                count,
                text: formatCount(count),
              }),
          },
          grid: { left: 8, right: 72, top: 8, bottom: 8, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
          xAxis: axis,
          yAxis: { ...axis, inverse: true },
          visualMap: {
            min: 0,
            max: Math.max(1, most),
            right: 0,
            top: 'middle',
            itemWidth: 10,
            itemHeight: 120,
            calculable: false,
            textStyle: { color: colors.faint },
            formatter: (value: number) => formatCount(value),
            inRange: { color: [...colors.heat] },
          },
          series: [
            {
              type: 'heatmap',
              data: counts.map((count, at) => [at % side, Math.floor(at / side), count]),
              progressive: 0,
            },
          ],
        };
      },
    [side, counts, most, t],
  );
  return (
    <Chart
      title={t('positions')}
      note={t('positionsNote')}
      option={option}
      height={300}
      empty={most === 0 ? t('noBoxes') : undefined}
      table={{
        columns: [t('x'), t('y'), t('objects')],
        rows: counts.map((count, at) => [(at % side) / side, Math.floor(at / side) / side, count]),
      }}
    />
  );
}

/** Widths and heights of pictures, the commonest. */
export function SizesPlot({ statistics, onPick }: { statistics: DatasetStatistics; onPick: Pick }) {
  const { t } = useTranslation('statistics');
  const sizes = statistics.imageSizes;
  const option = useMemo(
    () =>
      (colors: PlotColors): EChartsCoreOption => {
        const base = baseOption(colors);
        const most = Math.max(1, ...sizes.map(({ pictures }) => pictures));
        return {
          ...base,
          tooltip: {
            ...(base.tooltip as object),
            formatter: ({ dataIndex }: { dataIndex: number }) => {
              const { width, height, pictures } = sizes[dataIndex]!;
              return t('picturesTip', {
                what: `${formatCount(width)} × ${formatCount(height)}`,
                count: pictures,
                text: formatCount(pictures),
              });
            },
          },
          grid: { left: 8, right: 24, top: 28, bottom: 40, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
          xAxis: {
            ...valueAxis(colors, t('width')),
            nameLocation: 'middle',
            nameGap: 26,
            scale: true,
            boundaryGap: ['8%', '8%'],
          },
          yAxis: { ...valueAxis(colors, t('height')), scale: true, boundaryGap: ['8%', '8%'] },
          series: [
            {
              type: 'scatter',
              data: sizes.map(({ width, height }) => [width, height]),
              symbolSize: (_: unknown, { dataIndex }: { dataIndex: number }) =>
                6 + 30 * Math.sqrt(sizes[dataIndex]!.pictures / most),
              itemStyle: { color: colors.accent, opacity: 0.6 },
            },
          ],
        };
      },
    [sizes, t],
  );
  return (
    <Chart
      title={t('imageSizes')}
      note={t('imageSizesNote')}
      height={300}
      option={option}
      empty={sizes.length === 0 ? t('none') : undefined}
      table={{
        columns: [t('width'), t('height'), t('pictures')],
        rows: sizes.map(({ width, height, pictures }) => [width, height, pictures]),
      }}
      onPick={(at) => {
        const { width, height } = sizes[at]!;
        onPick({ width: `${width}..${width}`, height: `${height}..${height}` });
      }}
    />
  );
}

const unitLength = { hour: 13, day: 10, month: 7, year: 4 } as const;

/** When pictures were taken. */
export function TimePlot({ statistics, onPick }: { statistics: DatasetStatistics; onPick: Pick }) {
  const { t } = useTranslation('statistics');
  const { unit, counts } = statistics.overTime;
  const option = useMemo(
    () => (colors: PlotColors) => {
      const name = (from: string) => from.slice(0, unitLength[unit]).replace('T', ' ') + (unit === 'hour' ? ':00' : '');
      return barOption(colors, {
        names: counts.map(({ from }) => name(from)),
        counts: counts.map(({ pictures }) => pictures),
        tips: counts.map(({ from, pictures }) =>
          t('picturesTip', { what: name(from), count: pictures, text: formatCount(pictures) }),
        ),
        xName: '',
        yName: t('pictures'),
      });
    },
    [unit, counts, t],
  );
  return (
    <Chart
      wide
      title={t('overTime')}
      note={t('overTimeNote')}
      option={option}
      empty={counts.length === 0 ? t('noTimes') : undefined}
      table={{ columns: [t('from'), t('pictures')], rows: counts.map(({ from, pictures }) => [from, pictures]) }}
      onPick={(at) => onPick({ taken: spanOf(counts[at]!.from, unit) })}
    />
  );
}

/** The moments of a bar, as the filter has them. */
function spanOf(from: string, unit: keyof typeof unitLength): string {
  const start = from.slice(0, 16);
  if (unit === 'hour') return `${start}..${start.slice(0, 13)}:59`;
  if (unit === 'day') return start.slice(0, 10);
  const year = Number(start.slice(0, 4));
  const month = unit === 'year' ? 12 : Number(start.slice(5, 7));
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return `${start.slice(0, 10)}..${year}-${String(month).padStart(2, '0')}-${last}`;
}

/** Where on the Earth pictures were taken. */
export function MapPlot({ statistics, onPick }: { statistics: DatasetStatistics; onPick: Pick }) {
  const { t } = useTranslation('statistics');
  const { degrees, cells } = statistics.places;
  const land = useQuery(landQuery).data;
  const option = useMemo(
    () =>
      (colors: PlotColors): EChartsCoreOption => {
        if (!land) return {};
        registerMap('land', land as never);
        const base = baseOption(colors);
        const most = Math.max(1, ...cells.map(({ pictures }) => pictures));
        return {
          ...base,
          tooltip: {
            ...(base.tooltip as object),
            formatter: ({ dataIndex, seriesType }: { dataIndex: number; seriesType?: string }) => {
              const cell = seriesType === 'scatter' ? cells[dataIndex] : undefined;
              if (!cell) return '';
              const { latitude, longitude, pictures } = cell;
              return t('picturesTip', {
                what: printPlace(latitude, longitude),
                count: pictures,
                text: formatCount(pictures),
              });
            },
          },
          geo: {
            map: 'land',
            roam: true,
            scaleLimit: { min: 1, max: 30 },
            left: 0,
            right: 0,
            top: 0,
            bottom: 0,
            boundingCoords: [
              [-180, 80],
              [180, -58],
            ],
            silent: true,
            itemStyle: { areaColor: colors.line, borderColor: colors.land, borderWidth: 0.5 },
          },
          series: [
            {
              type: 'scatter',
              coordinateSystem: 'geo',
              data: cells.map(({ latitude, longitude }) => [longitude + degrees / 2, latitude + degrees / 2]),
              symbolSize: (_: unknown, { dataIndex }: { dataIndex: number }) =>
                3 + 13 * Math.sqrt((cells[dataIndex]?.pictures ?? 0) / most),
              itemStyle: { color: colors.accent, opacity: 0.65 },
            },
          ],
        };
      },
    [cells, degrees, land, t],
  );
  const table: PlotTable = {
    columns: [t('latitude'), t('longitude'), t('pictures')],
    rows: cells.map(({ latitude, longitude, pictures }) => [latitude, longitude, pictures]),
  };
  return (
    <Chart
      wide
      title={t('map')}
      note={t('mapNote')}
      height={420}
      option={option}
      empty={cells.length === 0 ? t('noPlaces') : undefined}
      table={table}
      onPick={(at) => {
        const { latitude, longitude } = cells[at]!;
        onPick({ place: [latitude, longitude, latitude + degrees, longitude + degrees].join(',') });
      }}
    />
  );
}

/** A ratio whose logarithm to base 2 is given, as 3:2 is written: the smaller side is 1. */
export function printAspect(log2: number): string {
  const ratio = 2 ** Math.abs(log2);
  const text = ratio.toFixed(ratio < 10 && Math.abs(ratio - Math.round(ratio)) > 0.01 ? 1 : 0);
  return log2 >= 0 ? `${text}:1` : `1:${text}`;
}

/** A value of sharpness whose logarithm (of it plus one) is given. */
export function printSharpness(log10: number): string {
  return formatSignificant(10 ** log10 - 1);
}

/** The filter for a bin of a number. */
export function binFilter(
  name: 'brightness' | 'contrast' | 'sharpness' | 'entropy' | 'aspect',
  low: number,
  high: number,
) {
  return { [name]: printRange(low, high) } satisfies FilterSearch;
}

/** What the page says of a set of pictures in a line. */
export function summaryOf(
  t: Translate,
  { pictures, labelled, annotations }: DatasetStatistics,
  share: (value: number) => string,
) {
  return [
    t('annotations', { count: annotations, text: formatCount(annotations) }),
    ...(pictures > 0 ? [t('labelled', { share: share(labelled / pictures) })] : []),
  ];
}
