import type { Job } from '@fovea/api';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ListTree } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { formatAgo, formatCount } from '../catalogue/format.js';
import { isUnderWay } from '../data/curation-queries.js';
import { readProgress, readSubject, shareOf } from '../data/job-progress.js';
import { jobsQuery } from '../data/queries.js';
import { Empty } from '../parts/empty.js';
import { Failure } from '../parts/failure.js';
import { CancelJob } from '../parts/job-line.js';
import { Meter } from '../parts/meter.js';
import { PageHead } from '../parts/page-head.js';
import { type Column, rowLink, Table, TableSkeleton } from '../parts/table.js';
import { ingestWords, sourceName } from './ingest/ingest-cards.js';

/** Long work: waiting, under way and done. */
export function JobsPage() {
  const { t } = useTranslation(['frame', 'ingest', 'curation']);
  const jobs = useQuery(jobsQuery);
  const columns: Column<Job>[] = [
    {
      key: 'name',
      head: t('job'),
      cell: (job) => {
        const run = runOf(job);
        return run ? (
          <Link to="/runs/$run" params={{ run }} className={rowLink}>
            {job.name}
          </Link>
        ) : (
          <span className="font-medium">{job.name}</span>
        );
      },
    },
    { key: 'state', head: t('state'), cell: (job) => job.state },
    {
      key: 'progress',
      head: t('ingest:progress'),
      cell: (job) => {
        const progress = readProgress(job);
        const share = shareOf(progress);
        if (job.name === 'ingest') return <span className="text-ink-2">{ingestWords(t as never, job)}</span>;
        if (share === undefined) return null;
        return (
          <span className="flex items-center gap-3">
            <Meter value={share} label={job.name} className="w-24" />
            <span className="text-12 text-ink-2">
              {t('curation:doneOf', { done: formatCount(progress.done!), total: formatCount(progress.total!) })}
            </span>
          </span>
        );
      },
    },
    {
      key: 'subject',
      head: t('project'),
      wide: true,
      cell: (job) => {
        const { project, model } = readSubject(job);
        return (
          <span className="block max-w-72 truncate text-ink-2">
            {[project, model, job.name === 'ingest' ? sourceName(job) : undefined].filter(Boolean).join(' · ')}
          </span>
        );
      },
    },
    { key: 'attempts', head: t('attempts'), number: true, wide: true, cell: (job) => formatCount(job.attempts) },
    {
      key: 'error',
      head: t('error'),
      wide: true,
      cell: (job) => <span className="block max-w-80 truncate text-bad">{job.error}</span>,
    },
    {
      key: 'id',
      head: t('id'),
      wide: true,
      cell: (job) => <code className="font-mono text-12 text-ink-3">{job.id.slice(0, 20)}</code>,
    },
    {
      key: 'when',
      head: t('when'),
      number: true,
      cell: (job) => <span className="text-ink-2">{job.createdAt && formatAgo(job.createdAt)}</span>,
    },
    {
      key: 'cancel',
      head: '',
      // A run is stopped on its own page, which says what becomes of it.
      cell: (job) => isUnderWay(job) && !runOf(job) && <CancelJob id={job.id} label={job.name} />,
    },
  ];
  return (
    <>
      <PageHead title={t('jobs')} facts={jobs.data && t('jobCount', { count: jobs.data.length })} />
      <div className="flex min-h-0 flex-1 flex-col overflow-y-auto px-6 pb-6 max-md:px-4">
        {jobs.isPending && <TableSkeleton />}
        {jobs.isError && <Failure error={jobs.error} what={t('jobsFailed')} onRetry={jobs.refetch} />}
        {jobs.data?.length === 0 && <Empty icon={ListTree} text={t('noJobs')} />}
        {jobs.data && jobs.data.length > 0 && (
          <Table label={t('jobs')} rows={jobs.data} columns={columns} rowKey={(job) => job.id} />
        )}
      </div>
    </>
  );
}

function runOf({ data }: Job): string | undefined {
  const id = (data as { runId?: unknown } | null | undefined)?.runId;
  return typeof id === 'string' ? id : undefined;
}
