import type { MetricPoint, Run } from '@fovea/api';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { figureName } from '../../catalogue/figure-name.js';
import { measuredFigures } from '../../data/task-figures.js';
import { LinePlot } from '../../plot/line-plot.js';
import { type Curve, curvePoints, smooth } from '../../plot/plot-data.js';

const unit = [0, 1] as const;
const colours = ['--plot-1', '--plot-2', '--plot-3'] as const;

/** How the task's figures rise and the loss falls. */
export function RunCurves({ run, points }: { run: Run; points: readonly MetricPoint[] }) {
  const { t } = useTranslation(['run', 'frame']);
  const { task } = run;
  const metric = useMemo(
    (): Curve[] =>
      measuredFigures(task, points).map((name, index) => ({
        name: figureName(t, name),
        color: colours[index]!,
        points: curvePoints(points, `val/${name}`, 'epoch'),
      })),
    [points, task, t],
  );
  const bounded = metric.every((curve) =>
    curve.points.every(([, value]) => value === null || (value >= 0 && value <= 1)),
  );
  const loss = useMemo((): Curve[] => {
    const raw = curvePoints(points, 'loss', 'step');
    const curves: Curve[] = [
      { name: t('lossRaw'), color: '--plot-1', points: raw, faint: true },
      { name: t('lossAll'), color: '--plot-1', points: smooth(raw) },
    ];
    const parts = [...new Set(points.flatMap(({ name }) => (name.startsWith('loss/') ? [name] : [])))].sort();
    for (const [index, key] of parts.slice(0, 2).entries()) {
      const name = t(`lossPart.${key.slice(5)}`, { defaultValue: key.slice(5) });
      curves.push({ name, color: colours[index + 1]!, points: smooth(curvePoints(points, key, 'step')) });
    }
    return curves;
  }, [points, t]);
  return (
    <div className="min-w-0 space-y-4">
      <LinePlot
        title={t(`metricTitle.${task}`, { defaultValue: t('metricTitle.other') })}
        note={t(task === 'detection' ? 'metricNoteCoco' : 'metricNote')}
        curves={metric}
        xLabel={t('xEpoch')}
        yLabel={t(task === 'detection' ? 'yPrecision' : 'yFigure')}
        range={bounded ? unit : undefined}
        whole
        empty={t('noMetric')}
      />
      <LinePlot
        title={t('lossTitle')}
        note={t('lossNote')}
        curves={loss}
        xLabel={t('xStep')}
        yLabel={t('yLoss')}
        whole
        empty={t('noLoss')}
      />
    </div>
  );
}
