import type { Job } from '@fovea/api';
import { useQueryClient } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { formatCount } from '../catalogue/format.js';
import { api } from '../data/api.js';
import { isUnderWay } from '../data/curation-queries.js';
import { readProgress, shareOf } from '../data/job-progress.js';
import { toastFailed } from '../frame/toasts.js';
import { IconButton } from './button.js';
import { Meter } from './meter.js';

/** How far a job is, in a line: a bar where the end is known, a count where it is not, and a way to cancel it. */
export function JobLine({ job, label, className = '' }: { job: Job; label: string; className?: string }) {
  const { t } = useTranslation('curation');
  const progress = readProgress(job);
  const share = shareOf(progress);
  return (
    <div className={`flex min-w-0 items-center gap-3 ${className}`} role="status">
      <span className="truncate">{label}</span>
      {share === undefined ? (
        <span className="h-1.5 w-24 shrink-0 animate-pulse rounded-full bg-accent" aria-hidden />
      ) : (
        <Meter value={share} label={label} className="w-32 shrink-0" />
      )}
      <span className="shrink-0 text-12 text-ink-2">
        {job.state === 'waiting'
          ? t('waiting')
          : share === undefined
            ? t('doneSoFar', { text: formatCount(progress.done ?? 0) })
            : t('doneOf', { done: formatCount(progress.done!), total: formatCount(progress.total!) })}
      </span>
      {isUnderWay(job) && <CancelJob id={job.id} label={label} />}
    </div>
  );
}

/** A button that has a job stopped; what it did stays. */
export function CancelJob({ id, label }: { id: string; label: string }) {
  const { t } = useTranslation('curation');
  const client = useQueryClient();
  return (
    <IconButton
      label={t('cancelJob', { job: label })}
      className="relative"
      onClick={async () => {
        try {
          await api.cancelJob(id);
          await client.invalidateQueries({ queryKey: ['jobs'] });
        } catch (error) {
          toastFailed(t('cancelFailed'), error);
        }
      }}
    >
      <X aria-hidden />
    </IconButton>
  );
}
