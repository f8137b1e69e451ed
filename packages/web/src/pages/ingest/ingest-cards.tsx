import type { Job } from '@fovea/api';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { formatBytes, formatCount } from '../../catalogue/format.js';
import { isUnderWay, jobsInterval } from '../../data/curation-queries.js';
import { readProgress, readSubject } from '../../data/job-progress.js';
import { jobsQuery, refreshMedia } from '../../data/queries.js';
import { IconButton } from '../../parts/button.js';
import { CancelJob } from '../../parts/job-line.js';
import { Meter } from '../../parts/meter.js';
import { forgetJob, useBegun, useSending } from './sending.js';

const card = 'rise-in rounded-md bg-raised p-4 shadow-float';

/** What is being taken into a project: bytes on their way, jobs under way, and the reports of those begun here. */
export function IngestCards({ project }: { project: string }) {
  const { t } = useTranslation(['ingest', 'frame']);
  const client = useQueryClient();
  const sending = useSending();
  const begun = useBegun();
  const isOurs = (job: Job) => job.name === 'ingest' && readSubject(job).project === project;
  const jobs = useQuery({ ...jobsQuery, refetchInterval: jobsInterval(isOurs) }).data?.filter(isOurs) ?? [];
  const shown = jobs.filter((job) => isUnderWay(job) || begun.has(job.id));
  // What was taken in appears as it comes.
  const taken = shown.reduce((sum, job) => {
    const { ingested = 0, frames = 0 } = readProgress(job);
    return sum + ingested + frames;
  }, 0);
  const key = `${taken} ${shown.map(({ id, state }) => id + state).join()}`;
  const before = useRef(key);
  useEffect(() => {
    if (before.current !== key) refreshMedia(client, project);
    before.current = key;
  }, [key, client, project]);
  const waitsFor = [...begun].some((id) => !jobs.some((job) => job.id === id));
  useEffect(() => {
    if (waitsFor) void client.invalidateQueries({ queryKey: ['jobs'] });
  }, [waitsFor, client]);
  if (sending.length === 0 && shown.length === 0) return null;
  return (
    <div className="absolute bottom-4 left-4 z-20 flex max-h-[60%] w-[min(24rem,calc(100%-2rem))] flex-col gap-2 overflow-y-auto">
      {sending.map(({ name, sentBytes, totalBytes }) => (
        <section key={name} role="status" className={card}>
          <h2 className="mb-2 truncate font-medium">{t('sending', { name })}</h2>
          <Meter value={totalBytes === 0 ? 0 : sentBytes / totalBytes} label={t('sending', { name })} />
          <p className="mt-2 text-12 text-ink-2">
            {t('sent', { sent: formatBytes(sentBytes), total: formatBytes(totalBytes) })}
          </p>
        </section>
      ))}
      {shown.map((job) => (
        <IngestCard key={job.id} job={job} />
      ))}
    </div>
  );
}

function IngestCard({ job }: { job: Job }) {
  const { t } = useTranslation(['ingest', 'frame']);
  const name = sourceName(job);
  const progress = readProgress(job);
  const isLive = isUnderWay(job);
  const title = isLive ? t('taking', { name }) : job.state === 'failed' ? t('failed', { name }) : t('taken', { name });
  return (
    <section role="status" aria-label={title} className={card}>
      <div className="flex items-start gap-2">
        <h2 className="min-w-0 flex-1 font-medium wrap-anywhere">{title}</h2>
        {isLive ? (
          <CancelJob id={job.id} label={title} />
        ) : (
          <IconButton label={t('frame:close')} className="-my-1" onClick={() => forgetJob(job.id)}>
            <X aria-hidden />
          </IconButton>
        )}
      </div>
      {isLive && <div className="my-2 h-1.5 animate-pulse rounded-full bg-accent" aria-hidden />}
      <p className="text-ink-2">{ingestWords(t as never, job)}</p>
      {job.error && <p className="mt-1 text-bad wrap-anywhere">{job.error}</p>}
      {progress.problems && progress.problems.length > 0 && (
        <ul className="mt-3 max-h-40 space-y-2 overflow-y-auto border-t border-line pt-3">
          {progress.problems.map(({ file, reason }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two may be equal, and their order stays.
            <li key={index} className="wrap-anywhere">
              <span className="font-medium">{file}</span> <span className="text-ink-2">{reason}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** What an ingest takes in, by its last name. */
export function sourceName(job: Pick<Job, 'data'>): string {
  const source = readSubject(job).source ?? '';
  return source.replace(/\/+$/, '').split('/').at(-1) || source;
}

/** "12 new, 3 duplicates, 1 skipped": what an ingest did, or has done so far. */
export function ingestWords(
  t: (key: string, values: { count: number; text: string }) => string,
  job: Pick<Job, 'progress'>,
): string {
  const progress = readProgress(job);
  const parts = (['ingested', 'videos', 'frames', 'duplicates', 'skipped'] as const).flatMap((kind) => {
    const count = progress[kind];
    if (count === undefined || (count === 0 && kind !== 'ingested')) return [];
    return [t(`ingest:counts.${kind}`, { count, text: formatCount(count) })];
  });
  return parts.join(', ');
}
