import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';

/** Nothing here yet: one sentence, and the one thing that comes next. */
export function Empty({ icon: Icon, text, children }: { icon: LucideIcon; text: string; children?: ReactNode }) {
  return (
    <div className="flex min-h-80 flex-1 flex-col items-center justify-center gap-4 px-6 py-16 text-center">
      <span className="flex size-12 items-center justify-center rounded-full bg-sunken text-ink-3">
        <Icon className="size-5" aria-hidden />
      </span>
      <p className="max-w-md text-14 text-balance text-ink-2">{text}</p>
      {children}
    </div>
  );
}
