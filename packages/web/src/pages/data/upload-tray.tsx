import { Link } from '@tanstack/react-router';
import { X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { formatList } from '../../catalogue/format.js';
import { IconButton } from '../../parts/button.js';
import { Meter } from '../../parts/meter.js';
import { dismissUploading, useUploading } from './uploading.js';

/** How an upload goes: a bar, and what was refused with its reason. */
export function UploadTray() {
  const { t } = useTranslation(['data', 'frame']);
  const batch = useUploading();
  if (!batch) return null;
  const finished = batch.done === batch.total;
  return (
    <section
      role="status"
      className="rise-in absolute right-4 bottom-4 z-20 w-[min(24rem,calc(100%-2rem))] rounded-md bg-raised p-4 shadow-float"
    >
      <div className="mb-2 flex items-center justify-between gap-2">
        <h2 className="font-medium">
          {finished
            ? t('uploaded', { count: batch.imported })
            : t('uploading', { done: batch.done, total: batch.total })}
        </h2>
        {finished && (
          <IconButton label={t('frame:close')} onClick={dismissUploading} className="-my-1">
            <X aria-hidden />
          </IconButton>
        )}
      </div>
      <Meter value={batch.total === 0 ? 1 : batch.done / batch.total} label={t('uploadProgress')} />
      {batch.duplicates > 0 && <p className="mt-2 text-ink-2">{t('duplicates', { count: batch.duplicates })}</p>}
      {batch.handed.length > 0 && (
        <p className="mt-2 text-ink-2 wrap-anywhere">
          {t('handed', { count: batch.handed.length, files: formatList(batch.handed) })}{' '}
          <Link to="/jobs" className="font-medium text-accent hover:underline">
            {t('frame:jobs')}
          </Link>
        </p>
      )}
      {batch.problems.length > 0 && (
        <ul className="mt-3 max-h-40 space-y-2 overflow-y-auto border-t border-line pt-3">
          {batch.problems.map((problem, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two may be equal, and their order stays.
            <li key={`${problem.file}-${index}`} className="wrap-anywhere">
              <span className="font-medium">{problem.file}</span> <span className="text-ink-2">{problem.reason}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
