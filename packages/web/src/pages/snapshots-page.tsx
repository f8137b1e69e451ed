import type { Snapshot } from '@fovea/api';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { Layers } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { formatCount, formatMoment } from '../catalogue/format.js';
import { pickFilter } from '../data/filter-search.js';
import { labelCounts } from '../data/label-kinds.js';
import { projectQuery, snapshotsQuery } from '../data/queries.js';
import { useKeys } from '../frame/keys.js';
import { Button } from '../parts/button.js';
import { Empty } from '../parts/empty.js';
import { Failure } from '../parts/failure.js';
import { type Column, rowLink, Table, TableSkeleton } from '../parts/table.js';
import type { SnapshotsSearch } from '../router.js';
import { DataHead } from './data/data-head.js';
import { useDeleting } from './snapshot/deleting.js';
import { MakeSnapshot } from './snapshot/make-snapshot.js';
import { SnapshotInspector } from './snapshot/snapshot-inspector.js';

const route = getRouteApi('/projects/$project/snapshots');

/** A project's snapshots: what runs train on, unchanging. */
export function SnapshotsPage() {
  const { t } = useTranslation(['snapshot', 'data']);
  const { project: name } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const project = useQuery(projectQuery(name));
  const snapshots = useQuery(snapshotsQuery(name));
  const deleting = useDeleting();
  const rows = snapshots.data?.filter(({ id }) => !deleting.has(id));
  const chosen = rows?.find(({ id }) => id === search.snap);
  const change = (next: Partial<SnapshotsSearch>) =>
    void navigate({ search: (old) => ({ ...old, ...next }), replace: true });
  const close = () => change({ snap: undefined, make: undefined });
  useKeys(t('data:snapshots'), [
    { keys: 'n', label: t('data:makeSnapshot'), run: () => change({ make: true, snap: undefined }) },
    { keys: 'Escape', label: t('close'), run: close },
  ]);
  const columns: Column<Snapshot>[] = [
    {
      key: 'name',
      head: t('data:name'),
      cell: (row) => (
        <button
          type="button"
          aria-pressed={row.id === search.snap}
          className={`${rowLink} aria-pressed:text-accent`}
          onClick={() => change({ snap: row.id === search.snap ? undefined : row.id, make: undefined })}
        >
          {row.name}
        </button>
      ),
    },
    {
      key: 'description',
      head: t('description'),
      wide: true,
      cell: (row) => <span className="block max-w-72 truncate text-ink-2">{row.description}</span>,
    },
    { key: 'media', head: t('data:pictures'), number: true, cell: (row) => formatCount(row.counts.media) },
    { key: 'train', head: t('data:toTrain'), number: true, cell: (row) => formatCount(row.counts.train) },
    { key: 'val', head: t('data:heldOut'), number: true, cell: (row) => formatCount(row.counts.val) },
    {
      key: 'test',
      head: t('test'),
      number: true,
      wide: true,
      cell: (row) => (row.counts.test ? formatCount(row.counts.test) : '–'),
    },
    {
      key: 'labels',
      head: t('data:labels'),
      number: true,
      wide: true,
      cell: (row) =>
        labelCounts(row.counts)
          .map(([kind, count]) => t(`data:kind.${kind}`, { count, text: formatCount(count) }))
          .join(', '),
    },
    { key: 'made', head: t('data:made'), wide: true, cell: (row) => formatMoment(row.createdAt) },
  ];
  const make = (tone: 'primary' | 'plain') => (
    <Button
      tone={tone}
      onClick={() => change({ make: true, snap: undefined })}
      disabled={project.data?.counts.media === 0}
    >
      <Layers aria-hidden />
      {t('data:makeSnapshot')}
    </Button>
  );
  return (
    <>
      <DataHead project={project.data} name={name} search={pickFilter(search)}>
        {rows && rows.length > 0 && make('plain')}
      </DataHead>
      <div className="flex min-h-0 flex-1 max-md:flex-col max-md:overflow-y-auto">
        <div className="flex min-h-0 min-w-0 flex-1 flex-col overflow-y-auto p-6 max-md:flex-none max-md:overflow-visible max-md:p-4">
          {snapshots.isPending && <TableSkeleton />}
          {snapshots.isError && (
            <Failure error={snapshots.error} what={t('data:snapshotsFailed')} onRetry={snapshots.refetch} />
          )}
          {rows?.length === 0 && (
            <Empty icon={Layers} text={t('data:noSnapshots')}>
              {make('primary')}
            </Empty>
          )}
          {rows && rows.length > 0 && (
            <Table label={t('data:snapshots')} rows={rows} columns={columns} rowKey={(row) => row.id} />
          )}
        </div>
        {search.make && (
          <MakeSnapshot
            project={name}
            filter={pickFilter(search)}
            onMade={(id) => change({ make: undefined, snap: id })}
            onClose={close}
          />
        )}
        {!search.make && chosen && (
          <SnapshotInspector
            key={chosen.id}
            project={name}
            snapshot={chosen}
            others={rows!.filter(({ id }) => id !== chosen.id)}
            onClose={close}
          />
        )}
      </div>
    </>
  );
}
