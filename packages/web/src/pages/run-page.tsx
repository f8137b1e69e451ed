import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Play, RotateCw, Square } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { formatAgo } from '../catalogue/format.js';
import { api } from '../data/api.js';
import { useLiveRun } from '../data/live-run.js';
import { isActive, metricsQuery, runQuery, runsQuery } from '../data/queries.js';
import { useKeys } from '../frame/keys.js';
import { toastDone, toastFailed } from '../frame/toasts.js';
import { Button, buttonClass } from '../parts/button.js';
import { Failure } from '../parts/failure.js';
import { PageHead } from '../parts/page-head.js';
import { StateMark } from '../parts/state-mark.js';
import { RunCurves } from './run/run-curves.js';
import { RunHero } from './run/run-hero.js';
import { RunLog } from './run/run-log.js';
import { RunOutcome } from './run/run-outcome.js';
import { RunParameters } from './run/run-parameters.js';
import { RunSamples } from './run/run-samples.js';
import { RunSkeleton } from './run/run-skeleton.js';

const route = getRouteApi('/projects/$project/runs/$run');

/** One run, live. */
export function RunPage() {
  const { t } = useTranslation('run');
  const { project, run: id } = route.useParams();
  const { epoch } = route.useSearch();
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const query = useQuery(runQuery(id));
  const metrics = useQuery(metricsQuery(id));
  const run = query.data;
  const connection = useLiveRun(id, run, !metrics.isPending);
  const act = useMutation({
    mutationFn: (what: 'stop' | 'resume') => (what === 'stop' ? api.stopRun(id) : api.resumeRun(id)),
    onSuccess: (changed, what) => {
      client.setQueryData(runQuery(id).queryKey, changed);
      void client.invalidateQueries({ queryKey: runsQuery(project).queryKey });
      if (what === 'stop') toastDone(t('stopAsked'), { label: t('resume'), run: () => act.mutate('resume') });
      else toastDone(t('resumeAsked'));
    },
    onError: (error, what) => toastFailed(t(what === 'stop' ? 'stopFailed' : 'resumeFailed'), error),
  });
  const canStop = run !== undefined && (run.state === 'running' || run.state === 'queued');
  const canResume = run !== undefined && (run.state === 'stopped' || run.state === 'failed');
  useKeys(t('keys'), [
    ...(canStop ? [{ keys: 's', label: t('stop'), run: () => act.mutate('stop') }] : []),
    ...(canResume ? [{ keys: 's', label: t('resume'), run: () => act.mutate('resume') }] : []),
  ]);

  if (query.isError && !run) return <Failure error={query.error} what={t('runFailed')} onRetry={query.refetch} />;
  return (
    <div className="min-h-0 flex-1 overflow-y-auto [scrollbar-gutter:stable]">
      <PageHead
        title={run?.name ?? t('run')}
        mark={run && <StateMark state={run.state} />}
        facts={
          run && (
            <>
              <Link to="/projects/$project/runs" params={{ project }} className="hover:text-ink">
                {t('runOf', { project })}
              </Link>
              <span aria-hidden>·</span>
              <span>{formatAgo(run.createdAt)}</span>
              {connection === 'lost' && isActive(run) && (
                <span role="status" className="flex items-center gap-2 font-medium text-warn">
                  <span className="size-1.5 animate-pulse rounded-full bg-warn" />
                  {t('reconnecting')}
                </span>
              )}
            </>
          )
        }
        actions={
          <>
            {canStop && (
              <Button tone="danger" onClick={() => act.mutate('stop')} disabled={act.isPending}>
                <Square aria-hidden />
                {t('stop')}
              </Button>
            )}
            {canResume && (
              <Button tone="primary" onClick={() => act.mutate('resume')} disabled={act.isPending}>
                <RotateCw aria-hidden />
                {t('resume')}
              </Button>
            )}
            {run?.state === 'finished' && (
              <Link to="/projects/$project/train" params={{ project }} className={buttonClass('plain')}>
                <Play aria-hidden />
                {t('trainAgain')}
              </Link>
            )}
          </>
        }
      />
      {!run ? (
        <RunSkeleton />
      ) : (
        <div className="space-y-4 px-6 pb-12 max-md:px-4">
          <RunHero run={run} points={metrics.data?.points ?? []} />
          <RunOutcome run={run} />
          <div className="grid items-start gap-4 xl:grid-cols-2">
            <RunCurves run={run} points={metrics.data?.points ?? []} />
            {run.task !== 'embedding' && (
              <RunSamples
                run={run}
                epoch={epoch}
                onEpoch={(next) => navigate({ search: { epoch: next }, replace: true })}
              />
            )}
          </div>
          <RunParameters run={run} />
          <RunLog run={run} />
        </div>
      )}
    </div>
  );
}
