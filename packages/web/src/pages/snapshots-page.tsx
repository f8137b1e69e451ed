import type { Snapshot } from '@fovea/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { Layers } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { formatCount, formatMoment } from '../catalogue/format.js';
import { api } from '../data/api.js';
import { labelCounts } from '../data/label-kinds.js';
import { projectQuery, snapshotsQuery } from '../data/queries.js';
import { toastDone, toastFailed } from '../frame/toasts.js';
import { Button } from '../parts/button.js';
import { Empty } from '../parts/empty.js';
import { Failure } from '../parts/failure.js';
import { type Column, Table, TableSkeleton } from '../parts/table.js';
import { DataHead } from './data/data-head.js';

const route = getRouteApi('/projects/$project/snapshots');

/** A project's snapshots: what runs train on, unchanging. */
export function SnapshotsPage() {
  const { t } = useTranslation('data');
  const { project: name } = route.useParams();
  const client = useQueryClient();
  const project = useQuery(projectQuery(name));
  const snapshots = useQuery(snapshotsQuery(name));
  const freeze = useMutation({
    mutationFn: () => api.createSnapshot(name),
    onSuccess: async (snapshot) => {
      const known = snapshots.data?.some(({ id }) => id === snapshot.id);
      await client.invalidateQueries({ queryKey: ['snapshots', name] });
      toastDone(known ? t('snapshotSame', { name: snapshot.name }) : t('snapshotMade', { name: snapshot.name }));
    },
    onError: (error) => toastFailed(t('snapshotFailed'), error),
  });
  const columns: Column<Snapshot>[] = [
    { key: 'name', head: t('name'), cell: (row) => <span className="font-medium">{row.name}</span> },
    { key: 'media', head: t('pictures'), number: true, cell: (row) => formatCount(row.counts.media) },
    { key: 'train', head: t('toTrain'), number: true, cell: (row) => formatCount(row.counts.train) },
    { key: 'val', head: t('heldOut'), number: true, cell: (row) => formatCount(row.counts.val) },
    {
      key: 'labels',
      head: t('labels'),
      number: true,
      wide: true,
      cell: (row) =>
        labelCounts(row.counts)
          .map(([kind, count]) => t(`kind.${kind}`, { count, text: formatCount(count) }))
          .join(', '),
    },
    { key: 'made', head: t('made'), wide: true, cell: (row) => formatMoment(row.createdAt) },
    {
      key: 'id',
      head: t('id'),
      wide: true,
      cell: (row) => <code className="font-mono text-12 text-ink-3">{row.id.slice(0, 12)}</code>,
    },
  ];
  const make = (
    <Button onClick={() => freeze.mutate()} disabled={freeze.isPending || project.data?.counts.media === 0}>
      <Layers aria-hidden />
      {t('makeSnapshot')}
    </Button>
  );
  return (
    <>
      <DataHead project={project.data} name={name}>
        {snapshots.data && snapshots.data.length > 0 && make}
      </DataHead>
      <div className="flex min-h-0 flex-1 flex-col overflow-y-auto p-6 max-md:p-4">
        {snapshots.isPending && <TableSkeleton />}
        {snapshots.isError && (
          <Failure error={snapshots.error} what={t('snapshotsFailed')} onRetry={snapshots.refetch} />
        )}
        {snapshots.data?.length === 0 && (
          <Empty icon={Layers} text={t('noSnapshots')}>
            {make}
          </Empty>
        )}
        {snapshots.data && snapshots.data.length > 0 && (
          <Table label={t('snapshots')} rows={snapshots.data} columns={columns} rowKey={(row) => row.id} />
        )}
      </div>
    </>
  );
}
