import { Check } from 'lucide-react';

/** Where something stands on its way: the steps before `at` are done, `at` is under way; past the last, all are. */
export function Steps({
  steps,
  at,
  halted = false,
  className = '',
}: {
  steps: readonly { name: string; text?: string }[];
  at: number;
  /** The step under way does not move (stopped, failed). */
  halted?: boolean;
  className?: string;
}) {
  return (
    <ol className={`flex gap-2 ${className}`}>
      {steps.map(({ name, text }, index) => {
        const done = index < at;
        const current = index === at;
        return (
          <li key={name} aria-current={current ? 'step' : undefined} className="min-w-0 flex-1">
            <div className={`h-0.5 rounded-full ${done || current ? 'bg-accent' : 'bg-line-strong'}`}>
              {current && !halted && <div className="h-full animate-pulse rounded-full bg-accent" />}
            </div>
            <p
              className={`mt-2 flex items-center gap-1 truncate text-13 ${current ? 'font-medium text-ink' : 'text-ink-2'}`}
            >
              {done && <Check className="size-3.5 shrink-0 text-accent" aria-hidden />}
              <span className="truncate">{name}</span>
            </p>
            <p className="min-h-4 truncate text-12 text-ink-2">{text}</p>
          </li>
        );
      })}
    </ol>
  );
}
