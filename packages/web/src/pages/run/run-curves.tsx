import type { MetricPoint } from '@fovea/api';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { LinePlot } from '../../plot/line-plot.js';
import { type Curve, curvePoints, smooth } from '../../plot/plot-data.js';

const unit = [0, 1] as const;

/** How the metric rises and the loss falls. */
export function RunCurves({ points }: { points: readonly MetricPoint[] }) {
  const { t } = useTranslation('run');
  const metric = useMemo(
    (): Curve[] => [
      { name: 'AP50', color: '--plot-1', points: curvePoints(points, 'val/AP50', 'epoch') },
      { name: 'AP75', color: '--plot-2', points: curvePoints(points, 'val/AP75', 'epoch') },
      { name: 'AP', color: '--plot-3', points: curvePoints(points, 'val/AP', 'epoch') },
    ],
    [points],
  );
  const loss = useMemo((): Curve[] => {
    const raw = curvePoints(points, 'loss', 'step');
    const curves: Curve[] = [
      { name: t('lossRaw'), color: '--plot-1', points: raw, faint: true },
      { name: t('lossAll'), color: '--plot-1', points: smooth(raw) },
    ];
    const parts = [
      [t('lossClass'), 'loss/class', '--plot-2'],
      [t('lossBox'), 'loss/box', '--plot-3'],
    ] as const;
    for (const [name, key, color] of parts) {
      const part = curvePoints(points, key, 'step');
      if (part.length > 0) curves.push({ name, color, points: smooth(part) });
    }
    return curves;
  }, [points, t]);
  return (
    <div className="min-w-0 space-y-4">
      <LinePlot
        title={t('metricTitle')}
        note={t('metricNote')}
        curves={metric}
        xLabel={t('xEpoch')}
        yLabel={t('yPrecision')}
        range={unit}
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
