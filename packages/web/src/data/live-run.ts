import type { MetricPoint, MetricsPage, Run } from '@fovea/api';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api } from './api.js';
import { isActive, metricsQuery, runQuery, runsQuery, samplesQuery } from './queries.js';

/** How the live connection stands: `live` while events come, `lost` while it is being taken up again. */
export type Connection = 'idle' | 'live' | 'lost';

/**
 * Keeps a run's queries current from its server-sent events for as long as it is active. The client reconnects by
 * itself; when its patience ends, this tries again every few seconds until the page goes away. It starts once the metrics
 * so far are there (`ready`), so that an answer under way cannot overwrite newer points.
 */
export function useLiveRun(id: string, run: Run | undefined, ready: boolean): Connection {
  const client = useQueryClient();
  const [connection, setConnection] = useState<Connection>('idle');
  const active = ready && run !== undefined && isActive(run);

  useEffect(() => {
    if (!active) {
      setConnection('idle');
      return;
    }
    const abort = new AbortController();
    // A silent minute is normal (keep-alives are comments); a failed health look-up is what says the server is away.
    const watch = setInterval(async () => {
      const alive = await api.getHealth({ signal: abort.signal }).then(
        () => true,
        () => false,
      );
      if (!abort.signal.aborted) setConnection(alive ? 'live' : 'lost');
    }, 4_000);

    const follow = async () => {
      while (!abort.signal.aborted) {
        try {
          const known = client.getQueryData(metricsQuery(id).queryKey);
          for await (const event of api.followRun(id, { since: known?.last, signal: abort.signal })) {
            setConnection('live');
            if (event.type === 'state') {
              client.setQueryData(runQuery(id).queryKey, event.data);
              client.invalidateQueries({ queryKey: runsQuery(event.data.project).queryKey });
              if (!isActive(event.data)) refreshEnds(event.data);
            } else if (event.type === 'progress') {
              client.setQueryData(runQuery(id).queryKey, (old) => old && { ...old, progress: event.data });
            } else if (event.type === 'metrics') {
              client.setQueryData(metricsQuery(id).queryKey, (old) => merge(old, event.data));
              client.setQueryData(runQuery(id).queryKey, (old) => old && withLatest(old, event.data.points));
            } else if (event.type === 'samples') {
              client.invalidateQueries({ queryKey: samplesQuery(id).queryKey });
            }
          }
          return;
        } catch {
          if (abort.signal.aborted) return;
          setConnection('lost');
          await new Promise((resolve) => setTimeout(resolve, 3_000));
        }
      }
    };
    const refreshEnds = (ended: Run) => {
      for (const queryKey of [['log', id], ['samples', id], ['models'], ['project', ended.project], ['projects']]) {
        client.invalidateQueries({ queryKey });
      }
      if (ended.model) client.invalidateQueries({ queryKey: ['model', ended.model.name] });
    };
    void follow();
    return () => {
      abort.abort();
      clearInterval(watch);
    };
  }, [id, active, client]);

  return connection;
}

function merge(old: MetricsPage | undefined, page: MetricsPage): MetricsPage {
  if (!old) return page;
  if (page.last <= old.last) return old;
  return { points: [...old.points, ...page.points], last: page.last };
}

function withLatest(run: Run, points: readonly MetricPoint[]): Run {
  const metrics = { ...run.metrics };
  for (const point of points) metrics[point.name] = point.value;
  return { ...run, metrics };
}
