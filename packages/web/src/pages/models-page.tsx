import type { Model } from '@fovea/api';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Boxes, Play } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { formatAgo, formatBytes, formatFigure } from '../catalogue/format.js';
import { modelsQuery } from '../data/queries.js';
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
  const { t } = useTranslation('model');
  const { project } = route.useParams();
  const models = useQuery(modelsQuery(project));
  const figure = (model: Model, name: 'AP50' | 'AP' | 'AP75') => {
    const version = chosenVersion(model);
    return formatFigure(version && readMetrics(version.card)[name]);
  };
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
    {
      key: 'ap50',
      head: 'AP50',
      number: true,
      cell: (model) => <span className="font-medium">{figure(model, 'AP50')}</span>,
    },
    { key: 'ap', head: 'AP', number: true, wide: true, cell: (model) => figure(model, 'AP') },
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
