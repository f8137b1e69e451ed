import type { Run } from '@fovea/api';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Play, TrendingUp } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { figureName, taskName } from '../catalogue/figure-name.js';
import { formatAgo, formatFigure, formatPercent, formatSpan } from '../catalogue/format.js';
import { isActive, runsQuery } from '../data/queries.js';
import { mainFigure, tableFigures } from '../data/task-figures.js';
import { buttonClass } from '../parts/button.js';
import { Empty } from '../parts/empty.js';
import { Failure } from '../parts/failure.js';
import { Meter } from '../parts/meter.js';
import { PageHead } from '../parts/page-head.js';
import { StateMark } from '../parts/state-mark.js';
import { type Column, rowLink, Table, TableSkeleton } from '../parts/table.js';
import { runShare, secondsTaken } from './run/run-time.js';

const route = getRouteApi('/projects/$project/runs');

/** A project's runs, newest first. */
export function RunsPage() {
  const { t } = useTranslation(['run', 'frame']);
  const { project } = route.useParams();
  const runs = useQuery(runsQuery(project));
  const tasks = new Set(runs.data?.map((run) => run.task));
  // Figures of one task compare, and have a column each; of several, each run says which figure it shows.
  const figures = tasks.size === 1 ? tableFigures([...tasks][0]!) : [];
  const bestOf = (task: string) =>
    Math.max(0, ...(runs.data ?? []).filter((run) => run.task === task).map((run) => mainFigure(run).value ?? 0));
  const train = (
    <Link to="/projects/$project/train" params={{ project }} className={buttonClass('primary')}>
      <Play aria-hidden />
      {t('train')}
    </Link>
  );
  const columns: Column<Run>[] = [
    {
      key: 'name',
      head: t('run'),
      cell: (run) => (
        <Link to="/projects/$project/runs/$run" params={{ project, run: run.id }} className={rowLink}>
          {run.name}
        </Link>
      ),
    },
    { key: 'state', head: t('stateHead'), cell: (run) => <StateMark state={run.state} /> },
    {
      key: 'progress',
      head: t('progress'),
      wide: true,
      cell: (run) =>
        isActive(run) ? (
          <span className="flex items-center gap-2">
            <Meter value={runShare(run)} label={t('progress')} className="w-24" />
            <span className="text-12 text-ink-2">{formatPercent(runShare(run))}</span>
          </span>
        ) : run.progress ? (
          <span className="text-ink-2">{t('epochOf', { epoch: run.progress.epoch, epochs: run.progress.epochs })}</span>
        ) : null,
    },
    ...(tasks.size > 1
      ? [{ key: 'task', head: t('taskHead'), wide: true, cell: (run: Run) => taskName(t, run.task) }]
      : []),
    {
      key: 'main',
      head: figures[0] === undefined ? t('result') : figureName(t, figures[0]),
      number: true,
      cell: (run) => {
        const { name, value } = mainFigure(run);
        return (
          <span className={value === bestOf(run.task) && value > 0 ? 'font-semibold text-accent' : ''}>
            {tasks.size > 1 && value !== null && (
              <span className="mr-2 text-12 font-normal text-ink-3">{figureName(t, name)}</span>
            )}
            {formatFigure(value)}
          </span>
        );
      },
    },
    ...figures.slice(1).map((name) => ({
      key: name,
      head: figureName(t, name),
      number: true,
      wide: true,
      cell: (run: Run) => formatFigure(run.metrics[`val/${name}`]),
    })),
    {
      key: 'pictures',
      head: t('pictures'),
      number: true,
      wide: true,
      cell: (run) => run.snapshot?.counts.media ?? '–',
    },
    {
      key: 'took',
      head: t('took'),
      number: true,
      wide: true,
      cell: (run) => {
        const seconds = secondsTaken(run);
        return seconds === null ? '–' : formatSpan(seconds);
      },
    },
    {
      key: 'id',
      head: t('frame:id'),
      wide: true,
      cell: (run) => <code className="font-mono text-12 text-ink-3">{run.id.slice(0, 14)}</code>,
    },
    {
      key: 'when',
      head: t('started'),
      number: true,
      cell: (run) => <span className="text-ink-2">{formatAgo(run.createdAt)}</span>,
    },
  ];
  return (
    <>
      <PageHead
        title={t('runs')}
        facts={runs.data && t('runCount', { count: runs.data.length })}
        actions={runs.data && runs.data.length > 0 && train}
      />
      <div className="flex min-h-0 flex-1 flex-col overflow-y-auto px-6 pb-6 max-md:px-4">
        {runs.isPending && <TableSkeleton />}
        {runs.isError && <Failure error={runs.error} what={t('runsFailed')} onRetry={runs.refetch} />}
        {runs.data?.length === 0 && (
          <Empty icon={TrendingUp} text={t('noRuns')}>
            {train}
          </Empty>
        )}
        {runs.data && runs.data.length > 0 && (
          <Table label={t('runs')} rows={runs.data} columns={columns} rowKey={(run) => run.id} />
        )}
      </div>
    </>
  );
}
