import type { ModelVersion } from '@fovea/api';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { figureName } from '../../catalogue/figure-name.js';
import { formatCount, formatFigure, formatList } from '../../catalogue/format.js';
import { runQuery } from '../../data/queries.js';
import { figuresOf } from '../../data/task-figures.js';
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
  const { t } = useTranslation(['model', 'frame']);
  const run = useQuery({ ...runQuery(version.runId ?? ''), enabled: version.runId !== null });
  const { card } = version;
  const names = card.classNames;
  const finds =
    names.length <= 4
      ? formatList(names)
      : t('manyClasses', { first: names.slice(0, 3).join(', '), count: names.length - 3 });
  const counts = run.data?.snapshot?.counts;
  const shown = figuresOf(card.task);
  const names3 = shown.length > 0 ? shown : Object.keys(metrics.figures).slice(0, 3);
  const main = metrics.figures[names3[0] ?? ''] ?? null;
  const level = levelOf(card.task, main);
  const figures = names3
    .filter((name, index) => index === 0 || name in metrics.figures)
    .map((name) => ({
      key: name,
      name: figureName(t, name),
      value: metrics.figures[name] ?? null,
      text: t(`figureText.${name.replaceAll('.', '_')}`, { defaultValue: '' }),
    }));
  return (
    <section className="panel grid gap-x-12 gap-y-6 p-6 max-md:p-4 lg:grid-cols-[1fr_auto]" aria-label={t('verdict')}>
      <div className="max-w-xl space-y-2">
        <p className="text-16 font-medium text-balance">
          {t(`purpose.${card.task}`, { finds, count: names.length, defaultValue: t('purpose.other', { finds }) })}
        </p>
        <p className="min-h-10 text-14 text-ink-2">
          {t(card.task === 'detection' || level === 'none' ? `level.${level}` : `levelOther.${level}`)}{' '}
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
      <dl className="flex flex-wrap gap-x-8 gap-y-4">
        {figures.map(({ key, name, value, text }, index) => (
          <div key={key} className="w-36 min-w-0 max-md:w-24">
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

/** How much of what there is a model of a task gets right, roughly: what of each figure is high and what is low. */
const levels: Readonly<Record<string, readonly [high: number, good: number, fair: number]>> = {
  detection: [0.9, 0.7, 0.4],
  classification: [0.95, 0.85, 0.65],
  segmentation: [0.75, 0.55, 0.35],
  embedding: [0.95, 0.8, 0.5],
};

function levelOf(task: string, value: number | null): 'none' | 'high' | 'good' | 'fair' | 'low' {
  const of = levels[task];
  if (value === null || of === undefined) return 'none';
  return value >= of[0] ? 'high' : value >= of[1] ? 'good' : value >= of[2] ? 'fair' : 'low';
}
