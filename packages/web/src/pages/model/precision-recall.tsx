import { classColor } from '@fovea/annotations';
import type { ModelCard } from '@fovea/api';
import { useTranslation } from 'react-i18next';
import { LinePlot } from '../../plot/line-plot.js';
import type { Curve } from '../../plot/plot-data.js';
import type { ClassMetrics } from './card-metrics.js';

const unit = [0, 1.02] as const;
const most = 6;

/** Precision over recall at an IoU of 0.5, class by class; nothing where the card has no curve. */
export function PrecisionRecall({ card, classes }: { card: ModelCard; classes: readonly ClassMetrics[] }) {
  const { t } = useTranslation('model');
  const drawn = classes.filter(({ precision }) => precision !== null).slice(0, most);
  if (drawn.length === 0) return null;
  const curves = drawn.map(
    ({ className, precision }): Curve => ({
      name: className,
      color: classColor(Math.max(0, card.classNames.indexOf(className))),
      points: precision!.map((value, at) => [at / (precision!.length - 1), value]),
    }),
  );
  return (
    <LinePlot
      title={t('prTitle')}
      note={t('prNote')}
      curves={curves}
      xLabel={t('recall')}
      yLabel={t('precision')}
      range={unit}
      height={196}
      latest={false}
      empty={t('noCurve')}
    />
  );
}
