import { Tooltip } from '@base-ui/react/tooltip';
import type { ComponentProps, ReactNode } from 'react';
import { printKeys } from '../frame/keys.js';

type Tone = 'primary' | 'plain' | 'quiet' | 'danger';

const base =
  'inline-flex h-8 shrink-0 items-center justify-center gap-2 whitespace-nowrap rounded-md px-3 text-13 font-medium transition-colors disabled:pointer-events-none disabled:opacity-45 [&_svg]:size-4 [&_svg]:shrink-0';

const tones: Record<Tone, string> = {
  primary: 'bg-accent text-on-accent hover:bg-accent-strong',
  plain: 'border border-line-strong bg-surface text-ink hover:bg-hover',
  quiet: 'text-ink-2 hover:bg-hover hover:text-ink',
  danger: 'border border-line-strong bg-surface text-bad hover:border-bad hover:bg-bad-soft',
};

/** The look of a button, for links that act as one. */
export function buttonClass(tone: Tone = 'plain', extra = ''): string {
  return `${base} ${tones[tone]} ${extra}`;
}

/** A button: one `primary` a page, for what comes next. */
export function Button({ tone = 'plain', className = '', ...rest }: ComponentProps<'button'> & { tone?: Tone }) {
  return <button type="button" className={buttonClass(tone, className)} {...rest} />;
}

/** A square button of one icon, with its name (and key) in a tip. */
export function IconButton({
  label,
  keys,
  className = '',
  pressed,
  children,
  ...rest
}: ComponentProps<'button'> & { label: string; keys?: string; pressed?: boolean }) {
  return (
    <Tip label={label} keys={keys}>
      <button
        type="button"
        aria-label={label}
        aria-pressed={pressed}
        className={`inline-flex size-8 shrink-0 items-center justify-center rounded-md transition-colors hover:bg-hover hover:text-ink disabled:pointer-events-none disabled:opacity-40 aria-pressed:bg-accent-soft aria-pressed:text-accent [&_svg]:size-4 ${pressed ? '' : 'text-ink-2'} ${className}`}
        {...rest}
      >
        {children}
      </button>
    </Tip>
  );
}

/** A short tip beside the thing pointed at or focused. */
export function Tip({
  label,
  keys,
  side = 'bottom',
  children,
}: {
  label: string;
  keys?: string;
  side?: 'top' | 'bottom' | 'left' | 'right';
  children: React.ReactElement<Record<string, unknown>>;
}) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger render={children} />
      <Tooltip.Portal>
        <Tooltip.Positioner sideOffset={6} side={side} className="z-50">
          <Tooltip.Popup className="appear flex items-center gap-2 rounded-md bg-raised px-2 py-1 text-12 text-ink shadow-float">
            {label}
            {keys && <Keys keys={keys} />}
          </Tooltip.Popup>
        </Tooltip.Positioner>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}

/** Key caps. */
export function Keys({ keys }: { keys: string }): ReactNode {
  return (
    <span className="inline-flex gap-1">
      {printKeys(keys).map((key) => (
        <kbd
          key={key}
          className="inline-flex h-5 min-w-5 items-center justify-center rounded-sm border border-line bg-sunken px-1 font-sans text-12 text-ink-2"
        >
          {key}
        </kbd>
      ))}
    </span>
  );
}
