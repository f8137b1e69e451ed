import type { Snapshot, SnapshotComparison, SnapshotDifference } from '@fovea/api';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ArrowLeftRight, ArrowRight, Check } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { formatCount, formatMoment } from '../catalogue/format.js';
import { api } from '../data/api.js';
import { projectQuery, snapshotsQuery } from '../data/queries.js';
import { Button, IconButton } from '../parts/button.js';
import { Failure } from '../parts/failure.js';
import { PictureGrid } from '../parts/picture-grid.js';
import { type Column, Table, TableSkeleton } from '../parts/table.js';
import type { CompareSearch } from '../router.js';
import { DataHead } from './data/data-head.js';

const route = getRouteApi('/projects/$project/compare/$before/$after');
const pageSize = 60;
const kinds = ['added', 'removed', 'labels', 'split', 'same'] as const;

type ClassRow = SnapshotComparison['classes'][number];

/** Two snapshots side by side: what differs, in words and numbers, and the pictures behind each number. */
export function ComparePage() {
  const { t } = useTranslation(['snapshot', 'data']);
  const { project: name, before, after } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const project = useQuery(projectQuery(name));
  const snapshots = useQuery(snapshotsQuery(name)).data ?? [];
  const compared = useQuery({
    queryKey: ['compare', name, before, after],
    queryFn: ({ signal }) => api.compareSnapshots(name, before, after, { signal }) as Promise<SnapshotComparison>,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const known = compared.data;
  const kind = search.kind ?? kinds.find((one) => one !== 'same' && (known?.pictures[one] ?? 0) > 0) ?? 'same';
  const page = search.page ?? 0;
  const pictures = useQuery({
    queryKey: ['compare', name, before, after, kind, search.class ?? null, page],
    queryFn: ({ signal }) =>
      api.listSnapshotDifference(
        name,
        before,
        after,
        { kind, class: search.class, offset: page * pageSize, limit: pageSize },
        { signal },
      ) as Promise<SnapshotDifference>,
    enabled: known !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (earlier) => earlier,
  });
  const change = (next: Partial<CompareSearch>) =>
    void navigate({ search: (old) => ({ ...old, ...next }), replace: true });
  const go = (to: { before?: string; after?: string }) =>
    void navigate({ params: { project: name, before, after, ...to }, search: {} });
  const amount = (value: { objects: number; pictures: number } | null) =>
    value === null ? '–' : formatCount(value.objects || value.pictures);
  const count = (value: number) => (value === 0 ? <span className="text-ink-3">0</span> : formatCount(value));
  const columns: Column<ClassRow>[] = [
    {
      key: 'name',
      head: t('class'),
      cell: (row) => (
        <button
          type="button"
          aria-pressed={search.class === row.name}
          onClick={() => change({ class: search.class === row.name ? undefined : row.name, page: undefined })}
          className="font-medium hover:underline aria-pressed:text-accent"
        >
          {row.name}
        </button>
      ),
    },
    { key: 'before', head: t('before'), number: true, cell: (row) => amount(row.before) },
    { key: 'after', head: t('after'), number: true, cell: (row) => amount(row.after) },
    { key: 'added', head: t('added'), number: true, cell: (row) => count(row.added) },
    { key: 'removed', head: t('removed'), number: true, cell: (row) => count(row.removed) },
    { key: 'moved', head: t('moved'), number: true, wide: true, cell: (row) => count(row.moved) },
    { key: 'reclassed', head: t('reclassed'), number: true, wide: true, cell: (row) => count(row.reclassed) },
  ];
  const last = Math.max(0, Math.ceil((pictures.data?.total ?? 0) / pageSize) - 1);
  return (
    <>
      <DataHead project={project.data} name={name} />
      <div className="min-h-0 flex-1 overflow-y-auto">
        <div className="flex flex-wrap items-center gap-3 px-6 pt-6 max-md:px-4">
          <Choose
            label={t('before')}
            value={before}
            known={known?.before}
            all={snapshots}
            onChange={(id) => go({ before: id })}
          />
          <ArrowRight className="size-4 text-ink-3" aria-hidden />
          <Choose
            label={t('after')}
            value={after}
            known={known?.after}
            all={snapshots}
            onChange={(id) => go({ after: id })}
          />
          <IconButton label={t('swap')} onClick={() => go({ before: after, after: before })}>
            <ArrowLeftRight aria-hidden />
          </IconButton>
        </div>
        {compared.isError ? (
          <Failure error={compared.error} what={t('compareFailed')} onRetry={compared.refetch} />
        ) : !known ? (
          <div className="p-6 max-md:p-4">
            <TableSkeleton />
          </div>
        ) : (
          <div className="flex flex-col gap-6 p-6 max-md:p-4">
            <ul className="max-w-3xl space-y-1 text-14">
              {known.sentences.map((sentence) => (
                <li key={sentence}>{sentence}</li>
              ))}
            </ul>
            <div className="grid grid-cols-[repeat(auto-fit,minmax(8.5rem,1fr))] gap-3">
              {kinds.map((one) => (
                <button
                  key={one}
                  type="button"
                  aria-pressed={kind === one}
                  onClick={() => change({ kind: one, page: undefined })}
                  className="panel px-4 py-3 text-left hover:bg-hover aria-pressed:border-accent aria-pressed:bg-accent-soft"
                >
                  <span className="block text-20 font-semibold">{formatCount(known.pictures[one])}</span>
                  <span className="text-ink-2">{t(`pictureKinds.${one}`)}</span>
                </button>
              ))}
            </div>
            {known.classes.length > 0 && (
              <Table label={t('classes')} rows={known.classes} columns={columns} rowKey={(row) => row.name} />
            )}
            {known.moves.length > 0 && (
              <p className="text-ink-2">
                {known.moves
                  .map(({ from, to, count: moved }) => t('move', { from, to, text: formatCount(moved) }))
                  .join(' · ')}
              </p>
            )}
            <section>
              <div className="mb-3 flex min-h-8 flex-wrap items-center gap-3">
                <h2 className="text-14 font-medium">
                  {t(`pictureKinds.${kind}`)}
                  {search.class !== undefined && ` · ${search.class}`}
                </h2>
                <span className="text-ink-2">
                  {pictures.data &&
                    t('data:pictureCount', { count: pictures.data.total, text: formatCount(pictures.data.total) })}
                </span>
                {search.class !== undefined && (
                  <Button tone="quiet" onClick={() => change({ class: undefined, page: undefined })}>
                    {t('allClasses')}
                  </Button>
                )}
                {last > 0 && (
                  <span className="ml-auto flex items-center gap-2">
                    <Button disabled={page === 0} onClick={() => change({ page: page - 1 || undefined })}>
                      {t('previousPage')}
                    </Button>
                    <span className="text-ink-2">{t('pageOf', { at: page + 1, total: last + 1 })}</span>
                    <Button disabled={page >= last} onClick={() => change({ page: page + 1 })}>
                      {t('nextPage')}
                    </Button>
                  </span>
                )}
              </div>
              {pictures.isError && (
                <Failure error={pictures.error} what={t('data:picturesFailed')} onRetry={pictures.refetch} />
              )}
              {pictures.data?.total === 0 && (
                <p className="flex items-center gap-2 py-8 text-ink-2">
                  <Check className="size-4 text-good" aria-hidden />
                  {t('noneOfThese')}
                </p>
              )}
              {pictures.data && (
                <PictureGrid
                  project={name}
                  items={pictures.data.pictures}
                  label={t(`pictureKinds.${kind}`)}
                  note={(one) =>
                    one.splitBefore !== null && one.splitAfter !== null && one.splitBefore !== one.splitAfter
                      ? `${one.splitBefore} → ${one.splitAfter}`
                      : changesOf(one)
                  }
                  onOpen={({ sha256 }) =>
                    void navigate({ to: '/projects/$project/pictures/$sha256', params: { project: name, sha256 } })
                  }
                />
              )}
            </section>
          </div>
        )}
      </div>
    </>
  );
}

/** "+2 −1" of a picture's objects. */
function changesOf({ objects }: SnapshotDifference['pictures'][number]): string {
  const sum = (...of: string[]) =>
    objects.filter(({ kind }) => of.includes(kind)).reduce((total, { n }) => total + n, 0);
  const parts: [string, number][] = [
    ['+', sum('added', 'class_added')],
    ['−', sum('removed', 'class_removed')],
    ['~', sum('moved', 'reclassed')],
  ];
  return parts.flatMap(([sign, n]) => (n > 0 ? [`${sign}${n}`] : [])).join(' ');
}

function Choose({
  label,
  value,
  known,
  all,
  onChange,
}: {
  label: string;
  value: string;
  known: Snapshot | undefined;
  all: readonly Snapshot[];
  onChange: (id: string) => void;
}) {
  const id = known?.id ?? value;
  const choices = all.length > 0 ? all : known ? [known] : [];
  return (
    <label className="flex items-center gap-2 text-ink-2">
      {label}
      <select className="field w-auto max-w-72" value={id} onChange={(event) => onChange(event.target.value)}>
        {choices.map((one) => (
          <option key={one.id} value={one.id}>
            {one.name} · {formatMoment(one.createdAt)}
          </option>
        ))}
      </select>
    </label>
  );
}
