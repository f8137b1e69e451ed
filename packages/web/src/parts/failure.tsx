import { TriangleAlert } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button } from './button.js';
import { CopyButton } from './copy-button.js';

/** What an error tells a reader: the sentence, a remedy that fits its code, and the details to copy. */
export function Failure({ error, what, onRetry }: { error: unknown; what: string; onRetry?: () => void }) {
  const { t } = useTranslation();
  const { code, message, status, details } = describeError(error);
  const remedy =
    code === 'unreachable' ? t('remedyUnreachable') : status === 404 ? t('remedyMissing') : t('remedyOther');
  const copy = JSON.stringify({ what, code, message, status, details, page: location.href }, null, 2);
  return (
    <div role="alert" className="mx-auto my-12 w-full max-w-xl rounded-md border border-line bg-surface p-6">
      <div className="flex gap-4">
        <TriangleAlert className="mt-1 size-5 shrink-0 text-bad" aria-hidden />
        <div className="min-w-0 space-y-2">
          <h2 className="text-16 font-semibold">{what}</h2>
          <p className="text-ink-2 wrap-anywhere">{message}</p>
          <p className="text-ink-2">{remedy}</p>
          <div className="flex flex-wrap items-center gap-2 pt-2">
            {onRetry && (
              <Button tone="primary" onClick={onRetry}>
                {t('retry')}
              </Button>
            )}
            <CopyButton text={copy} label={t('copyDetails')} />
            <code className="ml-auto font-mono text-12 text-ink-3">{code}</code>
          </div>
        </div>
      </div>
    </div>
  );
}

/** The structural facts of any error: the code and status of the API's, the message of the rest. */
export function describeError(error: unknown): { code: string; message: string; status?: number; details?: unknown } {
  if (error instanceof Error) {
    const {
      code = error.name,
      status,
      details,
    } = error as Error & { code?: string; status?: number; details?: unknown };
    return { code, message: error.message, status, details };
  }
  return { code: 'unknown', message: String(error) };
}
