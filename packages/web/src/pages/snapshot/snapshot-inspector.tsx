import type { Snapshot, SnapshotLineage } from '@fovea/api';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Download, Trash2, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { formatCount, formatList, formatMoment, formatPercent } from '../../catalogue/format.js';
import { api } from '../../data/api.js';
import { labelCounts } from '../../data/label-kinds.js';
import { toastDone, toastFailed } from '../../frame/toasts.js';
import { Button, buttonClass, IconButton } from '../../parts/button.js';
import { CopyButton } from '../../parts/copy-button.js';
import { Failure } from '../../parts/failure.js';
import { deleteSoon, keepSnapshot } from './deleting.js';

/** One snapshot: what is in it, what was asked for, what came of it, and what can be done. */
export function SnapshotInspector({
  project,
  snapshot,
  others,
  onClose,
}: {
  project: string;
  snapshot: Snapshot;
  others: readonly Snapshot[];
  onClose: () => void;
}) {
  const { t } = useTranslation(['snapshot', 'data', 'run', 'frame']);
  const client = useQueryClient();
  const navigate = useNavigate();
  const { id, name, counts } = snapshot;
  const lineage = useQuery({
    queryKey: ['snapshots', project, id],
    queryFn: ({ signal }) => api.getSnapshot(project, id, { signal }) as Promise<SnapshotLineage>,
  });
  const remove = async () => {
    try {
      await api.deleteSnapshot(project, id);
      await client.invalidateQueries({ queryKey: ['snapshots', project] });
    } catch (error) {
      toastFailed(t('deleteFailed', { name }), error);
    }
  };
  const startDeleting = () => {
    // One that is used is refused at once, in the server's words.
    if (!lineage.data || lineage.data.runs.length > 0) return void remove();
    deleteSoon(id, remove);
    onClose();
    toastDone(t('deleted', { name }), { label: t('frame:undo'), run: () => keepSnapshot(id) });
  };
  const rows: [string, React.ReactNode][] = [
    [t('data:pictures'), formatCount(counts.media)],
    [t('data:toTrain'), formatCount(counts.train)],
    [t('data:heldOut'), formatCount(counts.val)],
    ...(counts.test ? ([[t('test'), formatCount(counts.test)]] as [string, string][]) : []),
    [
      t('data:labels'),
      labelCounts(counts)
        .map(([kind, count]) => t(`data:kind.${kind}`, { count, text: formatCount(count) }))
        .join(', '),
    ],
    ...(counts.unlabelled ? ([[t('leftOut'), formatCount(counts.unlabelled)]] as [string, string][]) : []),
    ...(counts.groups ? ([[t('groups'), formatCount(counts.groups)]] as [string, string][]) : []),
    [t('classes'), snapshot.classNames.length > 0 ? formatList(snapshot.classNames) : '–'],
    [t('split'), t('splitWords', { share: formatPercent(snapshot.valFraction), seed: snapshot.seed })],
    [t('data:made'), formatMoment(snapshot.createdAt)],
  ];
  return (
    <aside
      aria-label={t('data:snapshotOf')}
      className="slide-in w-[clamp(20rem,28vw,28rem)] shrink-0 overflow-y-auto border-l border-line bg-surface max-md:w-full max-md:border-t max-md:border-l-0"
    >
      <header className="flex items-center gap-2 border-b border-line px-4 py-3">
        <h2 className="min-w-0 flex-1 truncate text-16 font-semibold">{name}</h2>
        <IconButton label={t('close')} keys="Escape" onClick={onClose}>
          <X aria-hidden />
        </IconButton>
      </header>
      {snapshot.description && (
        <p className="border-b border-line p-4 whitespace-pre-wrap text-ink-2 wrap-anywhere">{snapshot.description}</p>
      )}
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5 border-b border-line p-4">
        {rows.map(([key, value]) => (
          <div key={key} className="contents">
            <dt className="text-ink-3">{key}</dt>
            <dd className="min-w-0 text-right wrap-anywhere">{value}</dd>
          </div>
        ))}
        <dt className="text-ink-3">{t('data:id')}</dt>
        <dd className="flex min-w-0 items-center justify-end gap-1">
          <code className="truncate font-mono text-12">{id}</code>
          <CopyButton text={id} />
        </dd>
      </dl>
      {counts.torn === 1 && <p className="border-b border-line bg-warn-soft p-4 text-warn">{t('torn')}</p>}
      <section className="border-b border-line p-4">
        <h3 className="mb-2 font-medium">{t('askedFor')}</h3>
        {snapshot.query === null ? (
          <p className="text-ink-2">{t('wholeProject')}</p>
        ) : (
          <pre className="overflow-x-auto rounded-sm bg-sunken p-3 font-mono text-12 whitespace-pre-wrap wrap-anywhere">
            {'sql' in snapshot.query ? String(snapshot.query.sql) : JSON.stringify(snapshot.query, null, 2)}
          </pre>
        )}
      </section>
      <section className="border-b border-line p-4">
        <h3 className="mb-2 font-medium">{t('lineage')}</h3>
        {lineage.isPending && <div className="skeleton h-8" />}
        {lineage.isError && <Failure error={lineage.error} what={t('lineageFailed')} onRetry={lineage.refetch} />}
        {lineage.data?.runs.length === 0 && <p className="text-ink-2">{t('noRuns')}</p>}
        <ul className="space-y-2">
          {lineage.data?.runs.map((run) => (
            <li key={run.id} className="flex flex-wrap items-center gap-x-2">
              <Link
                to="/projects/$project/runs/$run"
                params={{ project, run: run.id }}
                className="font-medium text-accent hover:underline"
              >
                {run.name}
              </Link>
              <span className="text-12 text-ink-3">{formatMoment(run.createdAt)}</span>
              {run.model && (
                <>
                  <span className="text-ink-3" aria-hidden>
                    →
                  </span>
                  <Link
                    to="/projects/$project/models/$model"
                    params={{ project, model: run.model.name }}
                    search={{ version: run.model.version }}
                    className="font-medium text-accent hover:underline"
                  >
                    {t('modelVersion', { name: run.model.name, version: run.model.version })}
                  </Link>
                </>
              )}
            </li>
          ))}
        </ul>
      </section>
      <div className="flex flex-wrap gap-2 p-4">
        {others.length > 0 && (
          <select
            aria-label={t('compareWith')}
            className="field w-auto"
            value=""
            onChange={(event) =>
              void navigate({
                to: '/projects/$project/compare/$before/$after',
                params: { project, before: event.target.value, after: id },
              })
            }
          >
            <option value="" disabled>
              {t('compareWith')}
            </option>
            {others.map((other) => (
              <option key={other.id} value={other.id}>
                {other.name}
              </option>
            ))}
          </select>
        )}
        <a className={buttonClass()} href={api.snapshotManifestUrl(project, id)} download>
          <Download aria-hidden />
          {t('manifest')}
        </a>
        <Button tone="danger" onClick={startDeleting}>
          <Trash2 aria-hidden />
          {t('delete')}
        </Button>
      </div>
    </aside>
  );
}
