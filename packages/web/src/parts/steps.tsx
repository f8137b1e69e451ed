import { Check } from 'lucide-react';

/** One step of a way: its name, what there is to say of it, and how much of the way it is. */
export interface Step {
  readonly name: string;
  readonly text?: string;
  /** Width beside the others'; 1 where absent. */
  readonly weight?: number;
  /** How far the step under way has come, from 0 to 1; absent where nobody can tell. */
  readonly share?: number;
}

/** Where something stands on its way: the steps before `at` are done, `at` is under way; past the last, all are. */
export function Steps({
  steps,
  at,
  halted = false,
  className = '',
}: {
  steps: readonly Step[];
  at: number;
  /** The step under way does not move (stopped, failed). */
  halted?: boolean;
  className?: string;
}) {
  return (
    <ol className={`flex gap-1.5 ${className}`}>
      {steps.map(({ name, text, weight = 1, share }, index) => {
        const done = index < at;
        const current = index === at;
        return (
          <li
            key={name}
            aria-current={current ? 'step' : undefined}
            className="min-w-6 grow-(--weight) basis-0 max-md:grow"
            style={{ '--weight': weight } as React.CSSProperties}
          >
            <div className="h-1.5 overflow-hidden rounded-full bg-line">
              <div
                className={`h-full origin-left rounded-full bg-accent transition-transform duration-300 ease-linear ${current && share === undefined && !halted ? 'animate-pulse' : ''}`}
                style={{ transform: `scaleX(${done ? 1 : current ? (share ?? 1) : 0})` }}
              />
            </div>
            <p
              className={`mt-2 flex items-center gap-1 truncate text-12 ${current ? 'font-medium text-ink' : 'text-ink-2'}`}
            >
              {done && <Check className="size-3.5 shrink-0 text-accent" aria-hidden />}
              <span className="truncate">{name}</span>
            </p>
            {text !== undefined && <p className="min-h-4 truncate text-12 text-ink-2">{text}</p>}
          </li>
        );
      })}
    </ol>
  );
}
