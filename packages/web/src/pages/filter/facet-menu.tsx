import { Popover } from '@base-ui/react/popover';
import { ChevronDown } from 'lucide-react';
import type { ReactNode } from 'react';

/** The look of what stands in a row of filters. */
export const chipClass =
  'inline-flex h-8 shrink-0 items-center gap-1.5 rounded-md px-2.5 text-13 whitespace-nowrap text-ink-2 transition-colors hover:bg-hover hover:text-ink aria-pressed:bg-accent-soft aria-pressed:text-accent data-[popup-open]:bg-hover data-[popup-open]:text-ink [&_svg]:size-4 [&_svg]:shrink-0';

/** One filter: a button that says whether it is set, and opens what it can be set to. */
export function FacetMenu({
  label,
  count = 0,
  icon,
  wide = false,
  onOpen,
  children,
}: {
  label: string;
  /** How many values are set. */
  count?: number;
  icon?: ReactNode;
  wide?: boolean;
  onOpen?: (open: boolean) => void;
  children: ReactNode;
}) {
  return (
    <Popover.Root onOpenChange={(open) => onOpen?.(open)}>
      <Popover.Trigger className={chipClass} aria-pressed={count > 0}>
        {icon}
        {label}
        {count > 0 && <span className="min-w-4 text-12 font-semibold">{count}</span>}
        <ChevronDown className="opacity-60" aria-hidden />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner sideOffset={6} align="start" collisionPadding={8} className="z-40">
          <Popover.Popup
            aria-label={label}
            className={`rise-in max-h-[min(34rem,var(--available-height))] overflow-y-auto rounded-md bg-raised p-3 shadow-float outline-none ${wide ? 'w-[min(30rem,calc(100vw-1rem))]' : 'w-[min(19rem,calc(100vw-1rem))]'}`}
          >
            {children}
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** A part of what a menu holds, under its name. */
export function FacetSection({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="not-first:mt-3 not-first:border-t not-first:border-line not-first:pt-3">
      <h3 className="mb-1 px-1 text-12 font-medium text-ink-3">{title}</h3>
      {children}
    </section>
  );
}
