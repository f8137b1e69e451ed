import type { Run } from '@fovea/api';
import { useQuery } from '@tanstack/react-query';
import { useLayoutEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatClock } from '../../catalogue/format.js';
import { isActive, logQuery } from '../../data/queries.js';
import { CopyButton } from '../../parts/copy-button.js';
import { Failure } from '../../parts/failure.js';
import { Fold } from '../../parts/fold.js';

/** The run's log, fetched when unfolded; it follows the end unless someone scrolled up. */
export function RunLog({ run }: { run: Run }) {
  const { t } = useTranslation('run');
  const [open, setOpen] = useState(false);
  const log = useQuery({ ...logQuery(run.id, isActive(run)), enabled: open });
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const lines = log.data ?? [];
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines are what moves the end.
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [lines.length]);
  return (
    <Fold
      title={t('log')}
      note={open && log.data ? t('lineCount', { count: lines.length }) : undefined}
      onToggle={setOpen}
    >
      {log.isError && <Failure error={log.error} what={t('logFailed')} onRetry={log.refetch} />}
      {open && log.data?.length === 0 && <p className="text-ink-2">{t('noLog')}</p>}
      {lines.length > 0 && (
        <>
          <div
            ref={scroller}
            role="log"
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled region must be reachable by keys.
            tabIndex={0}
            onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
              atEnd.current = scrollTop + clientHeight >= scrollHeight - 8;
            }}
            className="max-h-80 overflow-auto rounded-md bg-sunken p-3 font-mono text-12"
          >
            {lines.map(({ time, text }, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two may be equal, and their order stays.
              <div key={`${time}-${index}`} className="flex gap-4 whitespace-pre-wrap">
                <span className="shrink-0 text-ink-3 select-none">{formatClock(time)}</span>
                <span className="wrap-anywhere">{text}</span>
              </div>
            ))}
          </div>
          <CopyButton
            text={lines.map(({ time, text }) => `${time} ${text}`).join('\n')}
            label={t('copyLog')}
            className="mt-3 -ml-3"
          />
        </>
      )}
    </Fold>
  );
}
