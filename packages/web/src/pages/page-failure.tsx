import { type ErrorComponentProps, useRouter } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Failure } from '../parts/failure.js';

/** A page that could not be drawn or reached. */
export function PageFailure({ error }: ErrorComponentProps) {
  const { t } = useTranslation();
  const router = useRouter();
  return (
    <div className="overflow-y-auto p-6">
      <Failure error={error} what={t('pageFailed')} onRetry={() => router.invalidate()} />
    </div>
  );
}
