import { ChevronRight } from 'lucide-react';
import type { ReactNode } from 'react';

/** A section that is folded until someone asks for it. */
export function Fold({
  title,
  note,
  onToggle,
  children,
}: {
  title: string;
  note?: ReactNode;
  onToggle?: (open: boolean) => void;
  children: ReactNode;
}) {
  return (
    <details className="group panel" onToggle={(event) => onToggle?.(event.currentTarget.open)}>
      <summary className="flex h-11 list-none items-center gap-2 rounded-md px-4 font-medium hover:bg-hover">
        <ChevronRight className="size-4 text-ink-3 transition-transform group-open:rotate-90" aria-hidden />
        {title}
        <span className="ml-auto truncate text-12 font-normal text-ink-3">{note}</span>
      </summary>
      <div className="border-t border-line p-4">{children}</div>
    </details>
  );
}
