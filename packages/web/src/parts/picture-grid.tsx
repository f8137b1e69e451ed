import { Check } from 'lucide-react';
import type { ReactNode, Ref } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../data/api.js';

/** Pictures of one size in rows, each with its name and what there is to say of it; see `useCells` for their keys. */
export function PictureGrid<T extends { readonly sha256: string; readonly name: string }>({
  project,
  items,
  label,
  at,
  marks,
  note,
  onOpen,
  onToggle,
  ref,
  small = false,
}: {
  project: string;
  items: readonly T[];
  label: string;
  /** The one looked at. */
  at?: number;
  marks?: ReadonlySet<string>;
  /** Stands right of the name. */
  note?: (item: T) => ReactNode;
  onOpen: (item: T, index: number) => void;
  /** Where pictures can be marked. */
  onToggle?: (sha256: string) => void;
  ref?: Ref<HTMLUListElement>;
  small?: boolean;
}) {
  const { t } = useTranslation('data');
  return (
    <ul
      ref={ref}
      aria-label={label}
      className={`grid ${small ? 'grid-cols-3 gap-2' : 'grid-cols-[repeat(auto-fill,minmax(11rem,1fr))] gap-3'}`}
    >
      {items.map((item, index) => {
        const { sha256, name } = item;
        const isMarked = marks?.has(sha256) ?? false;
        return (
          <li key={sha256} data-cell={index} className="group relative min-w-0 [content-visibility:auto]">
            <button
              type="button"
              aria-label={isMarked ? `${name}, ${t('isMarked')}` : name}
              aria-current={at === index}
              onClick={(event) =>
                onToggle && (event.ctrlKey || event.metaKey || event.shiftKey) ? onToggle(sha256) : onOpen(item, index)
              }
              className={`relative isolate block aspect-square w-full overflow-hidden rounded-sm bg-sunken focus-visible:outline-offset-[-3px] aria-[current=true]:outline-3 aria-[current=true]:outline-offset-[-3px] aria-[current=true]:outline-accent`}
            >
              <img
                src={api.thumbnailUrl(project, sha256)}
                alt=""
                loading="lazy"
                decoding="async"
                // Behind the outline that says which one is looked at.
                className="absolute inset-0 -z-10 size-full object-cover"
              />
              {isMarked && <span className="absolute inset-0 bg-accent/25 ring-2 ring-accent ring-inset" />}
            </button>
            {onToggle && (
              // Its key is x: no stop for Tab.
              <button
                type="button"
                tabIndex={-1}
                aria-label={t('toggleMark')}
                onClick={() => onToggle(sha256)}
                className={`absolute top-1.5 left-1.5 flex size-5 items-center justify-center rounded-full border-2 border-white shadow-[0_0_3px_#0009] transition-opacity ${isMarked ? 'bg-accent text-on-accent' : 'bg-[#0006] text-transparent hover:text-white'} ${marks && marks.size > 0 ? '' : 'opacity-0 group-hover:opacity-100'}`}
              >
                <Check className="size-3.5" strokeWidth={3} aria-hidden />
              </button>
            )}
            <p className="mt-1 flex h-4 gap-2 text-12 text-ink-2">
              {!small && <span className="min-w-0 flex-1 truncate">{name}</span>}
              <span className={`shrink-0 ${small ? '' : 'font-medium text-ink'}`}>{note?.(item)}</span>
            </p>
          </li>
        );
      })}
    </ul>
  );
}
