import { formatShare } from '../catalogue/format.js';
import { ClassDot } from './class-dot.js';

/** The part of a picture's pixels each class has, as given; pointing at one lights it where somebody listens. */
export function ClassShares({
  classes,
  lit = null,
  onLit,
  className = '',
  children,
}: {
  classes: readonly { readonly className: string; readonly classIndex: number; readonly share: number }[];
  lit?: number | null;
  onLit?: (classIndex: number | null) => void;
  className?: string;
  children?: React.ReactNode;
}) {
  const row = 'flex h-8 w-full items-center gap-3 rounded-sm px-2';
  return (
    <ul className={className} onMouseLeave={() => onLit?.(null)}>
      {classes.map(({ className: name, classIndex, share }) => {
        const content = (
          <>
            <ClassDot index={classIndex} />
            <span className="min-w-0 flex-1 truncate">{name}</span>
            <span className="h-1 w-16 overflow-hidden rounded-full bg-line" aria-hidden>
              <span className="block h-full rounded-full bg-ink-3" style={{ width: `${share * 100}%` }} />
            </span>
            <span className="w-14 text-right font-mono text-12 text-ink-2">{formatShare(share)}</span>
          </>
        );
        return (
          <li key={classIndex}>
            {onLit ? (
              <button
                type="button"
                aria-pressed={lit === classIndex}
                onMouseEnter={() => onLit(classIndex)}
                onFocus={() => onLit(classIndex)}
                onBlur={() => onLit(null)}
                onClick={() => onLit(lit === classIndex ? null : classIndex)}
                className={`${row} text-left hover:bg-hover focus-visible:outline-offset-[-2px]`}
              >
                {content}
              </button>
            ) : (
              <div className={row}>{content}</div>
            )}
          </li>
        );
      })}
      {children}
    </ul>
  );
}
