import { useQuery, useQueryClient } from '@tanstack/react-query';
import { ScanSearch, SearchCheck } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount } from '../../catalogue/format.js';
import { facetsQuery, modelsQuery, pretrainedQuery, refreshMedia } from '../../data/queries.js';
import { type ModelWork, useModelWork } from '../../data/use-model-work.js';
import { toastFailed } from '../../frame/toasts.js';
import { Button } from '../../parts/button.js';
import { Empty } from '../../parts/empty.js';
import { JobLine } from '../../parts/job-line.js';

/** Models whose predictions a project has, and models that could predict. */
export interface Predicting {
  readonly isPending: boolean;
  readonly failure: unknown;
  /** The one whose predictions are looked at; undefined where there are none. */
  readonly model: string | undefined;
  readonly predicted: readonly { readonly value: string; readonly count: number }[];
  /** Models at hand for the task. */
  readonly able: readonly string[];
  readonly chosen: string | undefined;
  readonly choose: (model: string) => void;
  readonly work: ModelWork;
}

/** What a page needs that holds labels against predictions. */
export function usePredicting(
  project: string,
  named: string | undefined,
  task: 'detection' | 'classification',
): Predicting {
  const client = useQueryClient();
  const facets = useQuery(facetsQuery(project, {}));
  const models = useQuery(modelsQuery());
  const pretrained = useQuery(pretrainedQuery);
  const [picked, setPicked] = useState<string>();
  const predicted = facets.data?.values.models ?? [];
  const able = [
    ...(models.data ?? []).filter(({ versions }) => versions.at(-1)?.card.task === task).map(({ name }) => name),
    ...(pretrained.data ?? []).filter((one) => one.available && one.task === task).map(({ name }) => name),
  ];
  const chosen = picked !== undefined && able.includes(picked) ? picked : able[0];
  const work = useModelWork('predict', project, chosen, () => {
    refreshMedia(client, project);
    void client.invalidateQueries({ queryKey: ['mistakes', project] });
  });
  return {
    isPending: facets.isPending || models.isPending,
    failure: facets.error ?? models.error,
    model: predicted.find(({ value }) => value === named)?.value ?? predicted[0]?.value,
    predicted,
    able,
    chosen,
    choose: setPicked,
    work,
  };
}

/** Chooses the model whose predictions are held against the labels, and has another one predict. */
export function PredictingBar({ predicting, onChoose }: { predicting: Predicting; onChoose: (model: string) => void }) {
  const { t } = useTranslation('find');
  const { predicted, model, isPending } = predicting;
  return (
    <div className="flex min-h-12 shrink-0 flex-wrap items-center gap-x-4 gap-y-2 border-b border-line px-6 py-2 max-md:px-4">
      {model !== undefined ? (
        <>
          <label className="flex min-w-0 items-center gap-2 text-ink-2">
            {t('predictedBy')}
            <select
              className="field w-auto min-w-0 max-w-64"
              value={model}
              onChange={(event) => onChoose(event.target.value)}
            >
              {predicted.map(({ value, count }) => (
                <option key={value} value={value}>
                  {t('modelPredicted', { model: value, count, text: formatCount(count) })}
                </option>
              ))}
            </select>
          </label>
          <Predict predicting={predicting} tone="plain" />
        </>
      ) : (
        !isPending && <p className="text-ink-3">{t('nonePredicted')}</p>
      )}
    </div>
  );
}

/** Says that a model must predict first, and has one do it. */
export function NeedsPredictions({ predicting, text }: { predicting: Predicting; text: string }) {
  const { t } = useTranslation('find');
  return (
    <Empty icon={SearchCheck} text={predicting.able.length > 0 ? text : t('noModelAble', { text })}>
      <Predict predicting={predicting} tone="primary" />
    </Empty>
  );
}

function Predict({ predicting, tone }: { predicting: Predicting; tone: 'primary' | 'plain' }) {
  const { t } = useTranslation('find');
  const { able, chosen, choose, work } = predicting;
  if (work.job) return <JobLine job={work.job} label={t('predicting')} />;
  if (chosen === undefined) return null;
  return (
    <div className="flex flex-wrap items-center justify-center gap-2">
      {able.length > 1 && (
        <select
          aria-label={t('modelToPredict')}
          className="field w-auto max-w-64"
          value={chosen}
          onChange={(event) => choose(event.target.value)}
        >
          {able.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      )}
      <Button
        tone={tone}
        onClick={() =>
          work.start().catch((error: unknown) => toastFailed(t('predictFailed', { model: chosen }), error))
        }
      >
        <ScanSearch aria-hidden />
        {t('predictBy', { model: chosen })}
      </Button>
      {work.error !== undefined && <p className="w-full text-center text-bad wrap-anywhere">{work.error}</p>}
    </div>
  );
}
