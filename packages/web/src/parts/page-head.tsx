import type { ReactNode } from 'react';
import { useEffect } from 'react';

/** A page's head: what am I looking at, a line of facts, and what can be done. Its title is the window's too. */
export function PageHead({
  title,
  mark,
  facts,
  actions,
}: {
  title: string;
  mark?: ReactNode;
  facts?: ReactNode;
  actions?: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Fovea`;
  }, [title]);
  return (
    <header className="flex flex-wrap items-center gap-x-6 gap-y-3 px-6 pt-6 pb-4 max-md:px-4 max-md:pt-4">
      <div className="min-w-0 flex-1 basis-64">
        <div className="flex min-w-0 items-center gap-3">
          <h1 className="truncate text-20 font-semibold tracking-tight">{title}</h1>
          {mark}
        </div>
        <div className="flex min-h-5 flex-wrap items-center gap-x-3 text-13 text-ink-2">{facts}</div>
      </div>
      {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
    </header>
  );
}
