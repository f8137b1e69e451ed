import type { Run } from '@fovea/api';
import { useTranslation } from 'react-i18next';
import { CopyButton } from '../../parts/copy-button.js';
import { Fold } from '../../parts/fold.js';

/** Everything the run was asked to do. */
export function RunParameters({ run }: { run: Run }) {
  const { t } = useTranslation('run');
  const entries = Object.entries({ ...run.params, snapshot: run.snapshot?.id, run: run.id }).filter(
    ([, value]) => value !== undefined && value !== null,
  );
  return (
    <Fold title={t('parameters')} note={t('parameterCount', { count: entries.length })}>
      <dl className="grid gap-x-8 sm:grid-cols-2">
        {entries.map(([name, value]) => (
          <div key={name} className="flex min-h-8 items-center justify-between gap-4 border-b border-line">
            <dt className="text-ink-2">{name}</dt>
            <dd className="min-w-0 truncate font-mono text-12">
              {typeof value === 'object' ? JSON.stringify(value) : String(value)}
            </dd>
          </div>
        ))}
      </dl>
      <CopyButton text={JSON.stringify(run.params, null, 2)} label={t('copyParameters')} className="mt-3 -ml-3" />
    </Fold>
  );
}
