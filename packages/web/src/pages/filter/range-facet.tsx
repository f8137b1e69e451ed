import { Slider } from '@base-ui/react/slider';
import type { Facets } from '@fovea/api';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount, formatSignificant } from '../../catalogue/format.js';
import { printRange, readRange } from '../../data/filter-search.js';

/** How a number is spread over the pictures, and two handles that bound it; either end may also be typed. */
export function RangeFacet({
  label,
  spread,
  value,
  whole = false,
  onChange,
}: {
  label: string;
  spread: NonNullable<Facets['ranges']['brightness']> | null | undefined;
  value: string | undefined;
  /** It counts something. */
  whole?: boolean;
  onChange: (value: string | undefined) => void;
}) {
  const { t } = useTranslation('filter');
  const set = readRange(value);
  const least = spread?.min ?? 0;
  const most = spread?.max ?? 1;
  const [ends, setEnds] = useState<readonly [number, number]>([set?.min ?? least, set?.max ?? most]);
  useEffect(() => {
    const known = readRange(value);
    setEnds([known?.min ?? least, known?.max ?? most]);
  }, [value, least, most]);
  if (!spread || spread.max <= spread.min) {
    return (
      <p className="flex min-h-8 items-center justify-between gap-2 px-1 text-ink-2">
        <span>{label}</span>
        <span className="text-12 text-ink-3">
          {spread ? t('allAlike', { value: formatSignificant(least) }) : t('noneHasIt')}
        </span>
      </p>
    );
  }
  const step = whole ? 1 : (most - least) / 200;
  const tallest = Math.max(...spread.counts);
  const send = ([low, high]: readonly [number, number]) =>
    onChange(printRange(low > least + step / 2 ? low : undefined, high < most - step / 2 ? high : undefined));
  const widthOf = (most - least) / spread.counts.length;
  const inside = (bin: number) => least + (bin + 1) * widthOf > ends[0] && least + bin * widthOf < ends[1];
  return (
    <div className="px-1 pb-2">
      <div className="flex items-center justify-between gap-2">
        <span className="text-ink-2">{label}</span>
        <span className="flex items-center gap-1 text-12">
          <EndField
            label={t('least', { name: label })}
            value={ends[0]}
            onChange={(low) => send([low, Math.max(low, ends[1])])}
          />
          <span className="text-ink-3">{t('to')}</span>
          <EndField
            label={t('most', { name: label })}
            value={ends[1]}
            onChange={(high) => send([Math.min(high, ends[0]), high])}
          />
        </span>
      </div>
      <svg
        viewBox={`0 0 ${spread.counts.length} 32`}
        preserveAspectRatio="none"
        className="h-9 w-full"
        aria-hidden="true"
      >
        {spread.counts.map((count, bin) => {
          const height = count === 0 ? 0 : Math.max(1, (count / tallest) * 32);
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a bin is its place.
            <g key={bin}>
              <rect
                x={bin + 0.08}
                width={0.84}
                y={32 - height}
                height={height}
                className={inside(bin) ? 'fill-accent' : 'fill-line-strong'}
              />
              <rect x={bin} width={1} y={0} height={32} fill="transparent">
                <title>
                  {`${formatSignificant(least + bin * widthOf)} – ${formatSignificant(least + (bin + 1) * widthOf)}: ${formatCount(count)}`}
                </title>
              </rect>
            </g>
          );
        })}
      </svg>
      <Slider.Root
        value={[...ends]}
        min={least}
        max={most}
        step={step}
        onValueChange={(next) => setEnds(next as unknown as [number, number])}
        onValueCommitted={(next) => send(next as unknown as [number, number])}
      >
        <Slider.Control className="flex h-5 w-full touch-none items-center select-none">
          <Slider.Track className="h-1 w-full rounded-full bg-line-field">
            <Slider.Indicator className="rounded-full bg-accent" />
            {[0, 1].map((index) => (
              <Slider.Thumb
                key={index}
                index={index}
                aria-label={index === 0 ? t('least', { name: label }) : t('most', { name: label })}
                className="size-3.5 rounded-full border-2 border-accent bg-surface has-[:focus-visible]:outline-2 has-[:focus-visible]:outline-offset-2 has-[:focus-visible]:outline-(--focus)"
              />
            ))}
          </Slider.Track>
        </Slider.Control>
      </Slider.Root>
    </div>
  );
}

/** One end as a number to type; it counts when Enter or leaving says it is whole. */
function EndField({ label, value, onChange }: { label: string; value: number; onChange: (value: number) => void }) {
  const [text, setText] = useState<string>();
  const send = () => {
    const number = Number(text);
    if (text !== undefined && text.trim() !== '' && Number.isFinite(number)) onChange(number);
    setText(undefined);
  };
  return (
    <input
      type="text"
      inputMode="decimal"
      aria-label={label}
      value={text ?? String(Number(value.toPrecision(3)))}
      onChange={(event) => setText(event.target.value)}
      onBlur={send}
      onKeyDown={(event) => event.key === 'Enter' && send()}
      className="h-6 w-14 rounded-sm border border-transparent bg-transparent px-1 text-right font-medium hover:border-line-field focus:border-line-field"
    />
  );
}
