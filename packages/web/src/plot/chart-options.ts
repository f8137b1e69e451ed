import { formatCount } from '../catalogue/format.js';
import type { PlotColors } from './color.js';
import type { EChartsCoreOption } from './echarts.js';

const font = '"Inter Variable", "Inter Fallback", sans-serif';

/** What all plots have: their letters, and a tip that is drawn in the plot itself, since pages forbid styles in HTML. */
export function baseOption(colors: PlotColors): EChartsCoreOption {
  return {
    textStyle: { fontFamily: font, fontSize: 12, color: colors.faint },
    tooltip: {
      renderMode: 'richText',
      confine: true,
      backgroundColor: colors.raised,
      borderColor: colors.line,
      borderWidth: 1,
      padding: [6, 10],
      textStyle: { color: colors.ink, fontSize: 12, fontFamily: font },
      transitionDuration: 0,
    },
  };
}

/** An axis of numbers. */
export function valueAxis(colors: PlotColors, name: string) {
  return {
    type: 'value' as const,
    name,
    nameTextStyle: { color: colors.faint, align: 'left' as const },
    axisLabel: { color: colors.faint, formatter: (value: number) => formatCount(value), hideOverlap: true },
    splitLine: { lineStyle: { color: colors.line } },
    minInterval: 1,
  };
}

/** An axis of names or of bins. */
export function nameAxis(colors: PlotColors, name: string, names: readonly string[]) {
  return {
    type: 'category' as const,
    data: [...names],
    name,
    nameLocation: 'middle' as const,
    nameGap: 26,
    nameTextStyle: { color: colors.faint },
    axisLabel: { color: colors.faint, hideOverlap: true },
    axisLine: { lineStyle: { color: colors.line } },
    axisTick: { show: false },
  };
}

/** Upright bars over bins or names; each says in the tip what it is and how many. */
export function barOption(
  colors: PlotColors,
  {
    names,
    counts,
    tips,
    xName,
    yName,
  }: { names: readonly string[]; counts: readonly number[]; tips: readonly string[]; xName: string; yName: string },
): EChartsCoreOption {
  const base = baseOption(colors);
  return {
    ...base,
    tooltip: {
      ...(base.tooltip as object),
      trigger: 'axis',
      axisPointer: { type: 'shadow', shadowStyle: { color: colors.line, opacity: 0.5 } },
      formatter: (items: { dataIndex: number }[]) => tips[items[0]?.dataIndex ?? 0] ?? '',
    },
    grid: { left: 8, right: 12, top: 28, bottom: 40, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    xAxis: nameAxis(colors, xName, names),
    yAxis: valueAxis(colors, yName),
    series: [{ type: 'bar', data: [...counts], itemStyle: { color: colors.accent }, barCategoryGap: '12%' }],
  };
}

/** Lying bars with their names at the left, the first on top; each in a colour of its own where it has one. */
export function listOption(
  colors: PlotColors,
  {
    names,
    counts,
    tips,
    xName,
    own,
  }: {
    names: readonly string[];
    counts: readonly number[];
    tips: readonly string[];
    xName: string;
    own?: readonly string[];
  },
): EChartsCoreOption {
  const base = baseOption(colors);
  return {
    ...base,
    tooltip: {
      ...(base.tooltip as object),
      trigger: 'axis',
      axisPointer: { type: 'shadow', shadowStyle: { color: colors.line, opacity: 0.5 } },
      formatter: (items: { dataIndex: number }[]) => tips[items[0]?.dataIndex ?? 0] ?? '',
    },
    grid: { left: 8, right: 56, top: 8, bottom: 40, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    xAxis: { ...valueAxis(colors, xName), nameLocation: 'middle', nameGap: 26, nameTextStyle: { color: colors.faint } },
    yAxis: {
      ...nameAxis(colors, '', names),
      inverse: true,
      axisLabel: { color: colors.ink, width: 128, overflow: 'truncate', interval: 0 },
    },
    series: [
      {
        type: 'bar',
        data: counts.map((value, at) => ({ value, itemStyle: { color: own?.[at] ?? colors.accent } })),
        barMaxWidth: 18,
        label: {
          show: true,
          position: 'right',
          color: colors.faint,
          formatter: ({ value }: { value: number }) => formatCount(value),
        },
      },
    ],
  };
}
