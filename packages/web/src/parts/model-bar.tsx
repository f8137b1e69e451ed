import type { Embeddings } from '@fovea/api';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Sparkles } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount } from '../catalogue/format.js';
import { embeddingsQuery } from '../data/curation-queries.js';
import { projectQuery } from '../data/queries.js';
import { type ModelWork, useModelWork } from '../data/use-model-work.js';
import { toastFailed } from '../frame/toasts.js';
import { Button } from './button.js';
import { JobLine } from './job-line.js';

/** The model that looks at pictures without a file of its own. */
export const pixels = 'pixels';

/** A model that can compare pictures, and for how many it has. */
export interface ComparingModel {
  readonly model: string;
  readonly embedded: number;
  readonly missing: number;
}

/** Models that can compare pictures: those with most vectors first, then those at hand that have none yet. */
export function comparingModels({ models, available }: Embeddings, pictures: number): ComparingModel[] {
  const have = [...models].sort((a, b) => b.embedded - a.embedded);
  // A registered model writes its version beside its vectors: `cars@3` are vectors of `cars`.
  const fresh = available.filter((name) => !have.some(({ model }) => model === name || model.startsWith(`${name}@`)));
  return [...have, ...fresh.map((model) => ({ model, embedded: 0, missing: pictures }))];
}

/** What a page that compares pictures needs: the models, the one chosen, and its work. */
export interface ModelChoice {
  readonly isPending: boolean;
  readonly failure: unknown;
  readonly retry: () => void;
  readonly models: readonly ComparingModel[];
  readonly chosen: ComparingModel | undefined;
  readonly work: ModelWork;
}

/** The models of a project, and the one named or else the one with most vectors; `pixels` where none has any. */
export function useModelChoice(project: string, named: string | undefined): ModelChoice {
  const client = useQueryClient();
  const embeddings = useQuery(embeddingsQuery(project));
  const pictures = useQuery(projectQuery(project)).data?.counts.media ?? 0;
  const models = embeddings.data ? comparingModels(embeddings.data, pictures) : [];
  const chosen =
    models.find(({ model }) => model === named) ??
    models.find(({ embedded }) => embedded > 0) ??
    models.find(({ model }) => model === pixels) ??
    models[0];
  const work = useModelWork('embed', project, chosen?.model, () => {
    for (const kind of ['embeddings', 'map', 'outliers', 'mistakes', 'similar', 'near-duplicates'])
      void client.invalidateQueries({ queryKey: [kind, project] });
  });
  return {
    isPending: embeddings.isPending,
    failure: embeddings.error,
    retry: () => void embeddings.refetch(),
    models,
    chosen,
    work,
  };
}

/** Chooses the model that pictures are compared by; says what is missing of its vectors, and has it computed. */
export function ModelBar({
  choice,
  onChoose,
  children,
}: {
  choice: ModelChoice;
  onChoose: (model: string) => void;
  children?: ReactNode;
}) {
  const { t } = useTranslation('curation');
  const { models, chosen, work } = choice;
  return (
    <div className="flex min-h-12 shrink-0 flex-wrap items-center gap-x-4 gap-y-2 border-b border-line px-6 py-2 max-md:px-4">
      <label className="flex min-w-0 items-center gap-2 text-ink-2">
        {t('comparedBy')}
        <select
          className="field w-auto min-w-0 max-w-64"
          value={chosen?.model ?? ''}
          onChange={(event) => onChoose(event.target.value)}
        >
          {models.map(({ model, embedded }) => (
            <option key={model} value={model}>
              {embedded > 0 ? t('modelWith', { model, text: formatCount(embedded) }) : t('modelWithout', { model })}
            </option>
          ))}
        </select>
      </label>
      {/* Where there is nothing to compare yet, the page itself offers it. */}
      {chosen !== undefined &&
        chosen.embedded > 0 &&
        (work.job ? (
          <JobLine job={work.job} label={t('embedding')} />
        ) : (
          chosen.missing > 0 && <ComputeMissing chosen={chosen} work={work} tone="plain" />
        ))}
      {work.error !== undefined && <p className="min-w-0 text-bad wrap-anywhere">{work.error}</p>}
      {children}
    </div>
  );
}

/** A button that has the missing vectors of a model computed. */
export function ComputeMissing({
  chosen,
  work,
  tone = 'primary',
}: {
  chosen: ComparingModel;
  work: ModelWork;
  tone?: 'primary' | 'plain';
}) {
  const { t } = useTranslation('curation');
  const { missing, model } = chosen;
  return (
    <Button
      tone={tone}
      onClick={() => work.start().catch((error: unknown) => toastFailed(t('embedFailed', { model }), error))}
    >
      <Sparkles aria-hidden />
      {chosen.embedded === 0
        ? t('computeAll', { count: missing, text: formatCount(missing), model })
        : t('computeMissing', { count: missing, text: formatCount(missing) })}
    </Button>
  );
}
