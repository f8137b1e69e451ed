import type { Model } from '@fovea/api';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Boxes, Play } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { figureName, taskName } from '../catalogue/figure-name.js';
import { formatAgo, formatBytes, formatFigure } from '../catalogue/format.js';
import { modelsQuery } from '../data/queries.js';
import { figuresOf, tableFigures } from '../data/task-figures.js';
import { AliasMark } from '../parts/alias-mark.js';
import { buttonClass } from '../parts/button.js';
import { Empty } from '../parts/empty.js';
import { Failure } from '../parts/failure.js';
import { PageHead } from '../parts/page-head.js';
import { type Column, rowLink, Table, TableSkeleton } from '../parts/table.js';
import { readMetrics } from './model/card-metrics.js';
import { chosenVersion } from './model/chosen-version.js';

const route = getRouteApi('/projects/$project/models');

/** A project's models. */
export function ModelsPage() {
  const { t } = useTranslation(['model', 'frame']);
  const { project } = route.useParams();
  const models = useQuery(modelsQuery(project));
  const taskOf = (model: Model) => chosenVersion(model)?.card.task ?? '';
  const figure = (model: Model, name: string | undefined) => {
    const version = chosenVersion(model);
    return formatFigure(version && name !== undefined ? readMetrics(version.card).figures[name] : null);
  };
  const tasks = new Set(models.data?.map(taskOf));
  // Figures of one task compare, and have a column each; of several, each model says which figure it shows.
  const figures = tasks.size === 1 ? tableFigures([...tasks][0]!) : [];
  const columns: Column<Model>[] = [
    {
      key: 'name',
      head: t('model'),
      cell: (model) => (
        <Link to="/projects/$project/models/$model" params={{ project, model: model.name }} className={rowLink}>
          {model.name}
        </Link>
      ),
    },
    {
      key: 'version',
      head: t('serves'),
      cell: (model) => {
        const version = chosenVersion(model);
        return (
          version && (
            <span className="flex items-center gap-2">
              {t('versionNumber', { version: version.version })}
              {version.aliases.map((alias) => (
                <AliasMark key={alias} alias={alias} />
              ))}
            </span>
          )
        );
      },
    },
    ...(tasks.size > 1
      ? [{ key: 'task', head: t('taskHead'), wide: true, cell: (model: Model) => taskName(t, taskOf(model)) }]
      : []),
    {
      key: 'main',
      head: figures[0] === undefined ? t('result') : figureName(t, figures[0]),
      number: true,
      cell: (model) => {
        const name = figures[0] ?? figuresOf(taskOf(model))[0];
        return (
          <span className="font-medium">
            {tasks.size > 1 && name !== undefined && (
              <span className="mr-2 text-12 font-normal text-ink-3">{figureName(t, name)}</span>
            )}
            {figure(model, name)}
          </span>
        );
      },
    },
    ...figures.slice(1).map((name) => ({
      key: name,
      head: figureName(t, name),
      number: true,
      wide: true,
      cell: (model: Model) => figure(model, name),
    })),
    { key: 'finds', head: t('findsHead'), wide: true, cell: (model) => <Finds model={model} /> },
    { key: 'versions', head: t('versions'), number: true, wide: true, cell: (model) => model.versions.length },
    {
      key: 'size',
      head: t('sizeHead'),
      number: true,
      wide: true,
      cell: (model) => formatBytes(chosenVersion(model)?.sizeBytes ?? 0),
    },
    {
      key: 'made',
      head: t('made'),
      number: true,
      cell: (model) => (
        <span className="text-ink-2">{model.versions[0] && formatAgo(model.versions[0].createdAt)}</span>
      ),
    },
  ];
  return (
    <>
      <PageHead title={t('models')} facts={models.data && t('modelCount', { count: models.data.length })} />
      <div className="flex min-h-0 flex-1 flex-col overflow-y-auto px-6 pb-6 max-md:px-4">
        {models.isPending && <TableSkeleton />}
        {models.isError && <Failure error={models.error} what={t('modelsFailed')} onRetry={models.refetch} />}
        {models.data?.length === 0 && (
          <Empty icon={Boxes} text={t('noModels')}>
            <Link to="/projects/$project/train" params={{ project }} className={buttonClass('primary')}>
              <Play aria-hidden />
              {t('trainOne')}
            </Link>
          </Empty>
        )}
        {models.data && models.data.length > 0 && (
          <Table label={t('models')} rows={models.data} columns={columns} rowKey={(model) => model.name} />
        )}
      </div>
    </>
  );
}

function Finds({ model }: { model: Model }) {
  const names = chosenVersion(model)?.card.classNames ?? [];
  const text = names.slice(0, 3).join(', ');
  return <span className="text-ink-2">{names.length > 3 ? `${text} +${names.length - 3}` : text}</span>;
}
