import type { NewRun } from '@fovea/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ChevronRight, Play } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount, formatList } from '../catalogue/format.js';
import { api } from '../data/api.js';
import { mediaCountQuery, projectQuery } from '../data/queries.js';
import { Button } from '../parts/button.js';
import { Failure } from '../parts/failure.js';
import { Field } from '../parts/field.js';
import { PageHead } from '../parts/page-head.js';

const route = getRouteApi('/projects/$project/train');

/** What to train, with a recipe that needs no choices. */
export function TrainPage() {
  const { t } = useTranslation('run');
  const { project: name } = route.useParams();
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const project = useQuery(projectQuery(name));
  const labelled = useQuery(mediaCountQuery(name, { labelled: true }));
  const [asked, setAsked] = useState<Record<string, string>>({});
  const start = useMutation({
    mutationFn: () => api.createRun(name, readRequest(asked)),
    onSuccess: async (run) => {
      await client.invalidateQueries({ queryKey: ['runs'] });
      await navigate({ to: '/projects/$project/runs/$run', params: { project: run.project, run: run.id } });
    },
  });
  const set = (key: string) => (value: string) => setAsked((old) => ({ ...old, [key]: value }));
  const usable = labelled.data ?? 0;
  const ready = usable > 0 && (project.data?.counts.annotations ?? 0) > 0;
  if (project.isError) {
    return <Failure error={project.error} what={t('trainFailed')} onRetry={project.refetch} />;
  }
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <PageHead title={t('trainTitle')} facts={name} />
      <form
        className="max-w-2xl px-6 pb-12 max-md:px-4"
        onSubmit={(event) => {
          event.preventDefault();
          start.mutate();
        }}
      >
        <p className="min-h-12 max-w-xl text-14 text-ink-2">
          {labelled.data === undefined
            ? ''
            : ready
              ? t('trainText', {
                  count: usable,
                  text: formatCount(usable),
                  classes: formatList(project.data?.classes.map((one) => one.name) ?? []),
                })
              : t('trainNothing')}
        </p>
        <div className="mt-6 grid gap-x-6 gap-y-5 sm:grid-cols-2">
          <Field
            label={t('modelName')}
            hint={t('modelNameHint')}
            value={asked.name ?? ''}
            placeholder={name}
            pattern="[A-Za-z0-9][A-Za-z0-9._\-]{0,63}"
            onChange={set('name')}
          />
          <Field
            label={t('minutes')}
            hint={t('minutesHint')}
            type="number"
            min={0.1}
            max={1440}
            step="any"
            value={asked.minutes ?? ''}
            placeholder={t('noLimit')}
            onChange={set('minutes')}
          />
        </div>
        <details className="group mt-6 border-t border-line pt-2">
          <summary className="flex h-9 list-none items-center gap-2 font-medium">
            <ChevronRight className="size-4 text-ink-3 transition-transform group-open:rotate-90" aria-hidden />
            {t('recipe')}
          </summary>
          <div className="grid gap-x-6 gap-y-5 pt-3 sm:grid-cols-2">
            <Field
              label={t('epochs')}
              hint={t('epochsHint')}
              type="number"
              min={1}
              max={10000}
              value={asked.epochs ?? ''}
              placeholder={t('byRecipe')}
              onChange={set('epochs')}
            />
            <Field
              label={t('seed')}
              hint={t('seedHint')}
              type="number"
              min={0}
              value={asked.seed ?? ''}
              placeholder="0"
              onChange={set('seed')}
            />
            <Field
              label={t('batch')}
              hint={t('batchHint')}
              type="number"
              min={1}
              max={256}
              value={asked.batch ?? ''}
              placeholder={t('byRecipe')}
              onChange={set('batch')}
            />
            <Field
              label={t('rate')}
              hint={t('rateHint')}
              type="number"
              min={0}
              max={1}
              step="any"
              value={asked.rate ?? ''}
              placeholder={t('byRecipe')}
              onChange={set('rate')}
            />
          </div>
        </details>
        {start.isError && <Failure error={start.error} what={t('startFailed')} />}
        <div className="mt-8">
          <Button tone="primary" type="submit" disabled={!ready || start.isPending}>
            <Play aria-hidden />
            {t('start')}
          </Button>
        </div>
      </form>
    </div>
  );
}

function readRequest(asked: Record<string, string>): NewRun {
  const number = (key: string, scale = 1) => (asked[key] ? Number(asked[key]) * scale : undefined);
  return {
    task: 'detection',
    name: asked.name?.trim() || undefined,
    timeLimitSeconds: number('minutes', 60),
    epochs: number('epochs'),
    seed: number('seed'),
    batchSize: number('batch'),
    learningRate: number('rate'),
  };
}
