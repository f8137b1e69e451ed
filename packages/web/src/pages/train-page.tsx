import type { NewRun, Project, Task } from '@fovea/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ChevronRight, Play } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { taskName } from '../catalogue/figure-name.js';
import { formatCount, formatList } from '../catalogue/format.js';
import { api } from '../data/api.js';
import { mediaCountQuery, modelsQuery, pretrainedQuery, projectQuery } from '../data/queries.js';
import { Button } from '../parts/button.js';
import { Failure } from '../parts/failure.js';
import { Field } from '../parts/field.js';
import { PageHead } from '../parts/page-head.js';
import { SelectField } from '../parts/select-field.js';
import { chosenVersion } from './model/chosen-version.js';
import { possibleTasks } from './train/possible-tasks.js';

const route = getRouteApi('/projects/$project/train');

/** What to train: a task the labels allow, from scratch or from a model, with a recipe that needs no choices. */
export function TrainPage() {
  const { t } = useTranslation('run');
  const { project: name } = route.useParams();
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const project = useQuery(projectQuery(name));
  const labelled = useQuery(mediaCountQuery(name, { labelled: true }));
  const pretrained = useQuery(pretrainedQuery);
  const models = useQuery(modelsQuery(name));
  const [asked, setAsked] = useState<Record<string, string>>({});
  const tasks = project.data ? possibleTasks(project.data) : [];
  const task = tasks.find((each) => each === asked.task) ?? tasks[0];
  const start = useMutation({
    mutationFn: (of: Task) => api.createRun(name, readRequest(of, asked)),
    onSuccess: async (run) => {
      await client.invalidateQueries({ queryKey: ['runs'] });
      await navigate({ to: '/projects/$project/runs/$run', params: { project: run.project, run: run.id } });
    },
  });
  const set = (key: string) => (value: string) => setAsked((old) => ({ ...old, [key]: value }));
  // A model to start from belongs to a task: another task starts from scratch again.
  const setTask = (next: Task) => setAsked((old) => ({ ...old, task: next, from: '' }));
  const from = asked.from ?? '';
  const text = project.data && task && describeTraining(task, project.data, labelled.data);
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
          if (task) start.mutate(task);
        }}
      >
        {tasks.length > 1 && task && <TaskChoice tasks={tasks} task={task} onChoose={setTask} />}
        <p className="min-h-12 max-w-xl text-14 text-ink-2">
          {project.data === undefined || (task && !text)
            ? ''
            : text
              ? `${t(text.key, text.values)} ${t(from === '' ? 'fromScratchText' : 'fromText', { from })} ${t('heldOutText')}`
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
          <div className="sm:col-span-2">
            <SelectField
              label={t('from')}
              hint={t('fromHint')}
              value={from}
              groups={[
                { options: [{ value: '', text: t('fromScratch') }] },
                {
                  label: t('fromCatalogue'),
                  options: (pretrained.data ?? [])
                    .filter((one) => one.task === task)
                    .map((one) => ({
                      value: one.name,
                      text: one.available ? one.name : t('fromMissing', { name: one.name }),
                      disabled: !one.available,
                    })),
                },
                {
                  label: t('fromProject'),
                  options: (models.data ?? [])
                    .filter((model) => chosenVersion(model)?.card.task === task)
                    .map((model) => ({ value: model.name, text: model.name })),
                },
              ]}
              onChange={set('from')}
            />
          </div>
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
            <SelectField
              label={t('optimizer')}
              hint={t('optimizerHint')}
              value={asked.optimizer ?? ''}
              groups={[
                {
                  options: [
                    { value: '', text: t('byRecipe') },
                    { value: 'adamw', text: 'AdamW' },
                    { value: 'sgd', text: 'SGD' },
                    { value: 'lion', text: 'Lion' },
                  ],
                },
              ]}
              onChange={set('optimizer')}
            />
            {from !== '' && (
              <Field
                label={t('freeze')}
                hint={t('freezeHint')}
                value={asked.freeze ?? ''}
                placeholder={t('freezeNone')}
                onChange={set('freeze')}
              />
            )}
          </div>
        </details>
        {start.isError && <Failure error={start.error} what={t('startFailed')} />}
        <div className="mt-8">
          <Button tone="primary" type="submit" disabled={!task || start.isPending}>
            <Play aria-hidden />
            {t('start')}
          </Button>
        </div>
      </form>
    </div>
  );
}

/** What to learn, where the labels leave a choice. */
function TaskChoice({ tasks, task, onChoose }: { tasks: readonly Task[]; task: Task; onChoose: (task: Task) => void }) {
  const { t } = useTranslation(['run', 'frame']);
  return (
    <fieldset className="mb-4">
      <legend className="mb-2 font-medium">{t('taskHead')}</legend>
      <div className="inline-flex max-w-full flex-wrap gap-1 rounded-md border border-line bg-sunken p-1">
        {tasks.map((each) => (
          <label
            key={each}
            className="inline-flex h-8 items-center rounded-sm px-3 text-ink-2 hover:text-ink has-checked:bg-surface has-checked:font-medium has-checked:text-ink has-checked:ring-1 has-checked:ring-line has-focus-visible:outline-2 has-focus-visible:outline-focus"
          >
            <input
              type="radio"
              name="task"
              value={each}
              checked={each === task}
              onChange={() => onChoose(each)}
              className="sr-only"
            />
            {taskName(t, each)}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** What a run of a task would learn from what, as a sentence; undefined until the numbers are there. */
function describeTraining(task: Task, { counts, classes }: Project, labelled: number | undefined) {
  const known = {
    detection: classes.filter((one) => one.count > 0),
    classification: classes.filter((one) => one.pictures > 0),
    segmentation: classes.filter((one) => one.labelMaps > 0),
    embedding: classes.filter((one) => one.pictures > 0),
  }[task].map((one) => one.name);
  const names =
    known.length <= 6 ? formatList(known) : formatList([...known.slice(0, 5), `+${formatCount(known.length - 5)}`]);
  if (task !== 'detection') {
    const count = task === 'segmentation' ? counts.labelMaps : counts.classified;
    const values = { count, text: formatCount(count), classes: names, classCount: formatCount(known.length) };
    return { key: `trainText.${task}` as const, values };
  }
  // Beside other labels, a labelled picture need not be one whose boxes are known.
  if (counts.classified + counts.labelMaps > 0) return { key: 'trainTextBoxes' as const, values: { classes: names } };
  if (labelled === undefined) return undefined;
  return {
    key: 'trainText.detection' as const,
    values: { count: labelled, text: formatCount(labelled), classes: names },
  };
}

function readRequest(task: Task, asked: Record<string, string>): NewRun {
  const number = (key: string, scale = 1) => (asked[key] ? Number(asked[key]) * scale : undefined);
  const from = asked.from || undefined;
  const patterns = (asked.freeze ?? '').split(/[\s,]+/).filter((pattern) => pattern !== '');
  return {
    task,
    from,
    freeze: from && patterns.length > 0 ? patterns : undefined,
    optimizer: (asked.optimizer || undefined) as NewRun['optimizer'],
    name: asked.name?.trim() || undefined,
    timeLimitSeconds: number('minutes', 60),
    epochs: number('epochs'),
    seed: number('seed'),
    batchSize: number('batch'),
    learningRate: number('rate'),
  };
}
