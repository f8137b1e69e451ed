import type { Model, ModelVersion } from '@fovea/api';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Download } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { figureName } from '../../catalogue/figure-name.js';
import { formatBytes, formatFigure, formatMoment } from '../../catalogue/format.js';
import { api } from '../../data/api.js';
import { modelQuery } from '../../data/queries.js';
import { tableFigures } from '../../data/task-figures.js';
import { toastDone, toastFailed } from '../../frame/toasts.js';
import { AliasMark } from '../../parts/alias-mark.js';
import { Button } from '../../parts/button.js';
import { type Column, Table } from '../../parts/table.js';
import { readMetrics } from './card-metrics.js';

/** All versions, and which of them is the champion. */
export function Versions({ model, shown, project }: { model: Model; shown: ModelVersion; project: string }) {
  const { t } = useTranslation(['model', 'frame']);
  const client = useQueryClient();
  const promote = useMutation({
    mutationFn: ({ version }: { version: number; from?: number }) => api.setModelAlias(model.name, 'champion', version),
    onSuccess: (changed, { version, from }) => {
      client.setQueryData(modelQuery(model.name).queryKey, changed);
      void client.invalidateQueries({ queryKey: ['models'] });
      const undo =
        from === undefined ? undefined : { label: t('frame:undo'), run: () => promote.mutate({ version: from }) };
      toastDone(t('promoted', { version }), undo);
    },
    onError: (error) => toastFailed(t('promoteFailed'), error),
  });
  const columns: Column<ModelVersion>[] = [
    {
      key: 'version',
      head: t('version'),
      cell: (row) => (
        <Link
          to="/projects/$project/models/$model"
          params={{ project, model: model.name }}
          search={{ version: row.version }}
          aria-current={row.version === shown.version ? 'true' : undefined}
          className="font-medium text-accent hover:underline aria-[current]:text-ink"
        >
          {t('versionNumber', { version: row.version })}
        </Link>
      ),
    },
    {
      key: 'aliases',
      head: t('aliases'),
      cell: (row) => (
        <span className="flex gap-1">
          {row.aliases.map((alias) => (
            <AliasMark key={alias} alias={alias} />
          ))}
        </span>
      ),
    },
    ...tableFigures(shown.card.task).map((name, index) => ({
      key: name,
      head: figureName(t, name),
      number: true,
      wide: index > 0,
      cell: (row: ModelVersion) => formatFigure(readMetrics(row.card).figures[name]),
    })),
    { key: 'size', head: t('sizeHead'), number: true, wide: true, cell: (row) => formatBytes(row.sizeBytes) },
    {
      key: 'made',
      head: t('made'),
      wide: true,
      cell: (row) => <span className="text-ink-2">{formatMoment(row.createdAt)}</span>,
    },
    {
      key: 'actions',
      head: '',
      number: true,
      cell: (row) => (
        <span className="inline-flex items-center gap-1">
          {!row.aliases.includes('champion') && (
            <Button
              tone="quiet"
              disabled={promote.isPending}
              onClick={() => promote.mutate({ version: row.version, from: model.aliases.champion })}
            >
              {t('promote')}
            </Button>
          )}
          <a
            href={api.modelFileUrl(model.name, row.version)}
            download={`${model.name}-v${row.version}.onnx`}
            aria-label={t('downloadVersion', { version: row.version })}
            title={t('downloadVersion', { version: row.version })}
            className="inline-flex size-8 items-center justify-center rounded-md text-ink-2 hover:bg-hover hover:text-ink"
          >
            <Download className="size-4" aria-hidden />
          </a>
        </span>
      ),
    },
  ];
  return (
    <section>
      <h2 className="mt-8 mb-3 text-14 font-semibold">{t('versions')}</h2>
      <Table label={t('versions')} rows={model.versions} columns={columns} rowKey={(row) => row.version} />
    </section>
  );
}
