import type { ModelVersion } from '@fovea/api';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { formatCount, formatFigure, formatList } from '../../catalogue/format.js';
import { runQuery } from '../../data/queries.js';
import type { CardMetrics } from './card-metrics.js';

/** What the model is for and how good it is: in words, then in three numbers. */
export function Verdict({
  version,
  metrics,
  project,
}: {
  version: ModelVersion;
  metrics: CardMetrics;
  project: string;
}) {
  const { t } = useTranslation('model');
  const run = useQuery({ ...runQuery(version.runId ?? ''), enabled: version.runId !== null });
  const { card } = version;
  const names = card.classNames;
  const finds =
    names.length <= 4
      ? formatList(names)
      : t('manyClasses', { first: names.slice(0, 3).join(', '), count: names.length - 3 });
  const counts = run.data?.snapshot?.counts;
  const level =
    metrics.AP50 === null
      ? 'none'
      : metrics.AP50 >= 0.9
        ? 'high'
        : metrics.AP50 >= 0.7
          ? 'good'
          : metrics.AP50 >= 0.4
            ? 'fair'
            : 'low';
  const figures = [
    { name: 'AP50', value: metrics.AP50, text: t('ap50Text') },
    { name: 'AP75', value: metrics.AP75, text: t('ap75Text') },
    { name: 'AP', value: metrics.AP, text: t('apText') },
  ];
  return (
    <section className="panel grid gap-x-12 gap-y-6 p-6 max-md:p-4 lg:grid-cols-[1fr_auto]" aria-label={t('verdict')}>
      <div className="max-w-xl space-y-2">
        <p className="text-16 font-medium text-balance">{t('finds', { finds })}</p>
        <p className="min-h-10 text-14 text-ink-2">
          {t(`level.${level}`)}{' '}
          {counts && t('measured', { val: formatCount(counts.val), train: formatCount(counts.train), project })}
        </p>
        <p className="text-12 text-ink-3">
          {[
            card.input && t('input', { width: card.input.width, height: card.input.height }),
            card.parameters && t('weights', { count: card.parameters, text: formatCount(card.parameters) }),
            card.license,
          ]
            .filter(Boolean)
            .join(' · ')}
        </p>
      </div>
      <dl className="grid grid-cols-3 gap-x-8 gap-y-4">
        {figures.map(({ name, value, text }, index) => (
          <div key={name} className="min-w-0 max-w-36">
            <dt className="text-12 text-ink-2">{name}</dt>
            <dd className={`text-28 font-semibold tracking-tight ${index === 0 ? 'text-accent' : ''}`}>
              {formatFigure(value)}
            </dd>
            <dd className="text-12 text-balance text-ink-3">{text}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
