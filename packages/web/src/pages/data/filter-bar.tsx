import type { Project } from '@fovea/api';
import { useQuery } from '@tanstack/react-query';
import { Search, SquareDashed, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount } from '../../catalogue/format.js';
import { mediaCountQuery } from '../../data/queries.js';
import { IconButton } from '../../parts/button.js';
import { ClassDot } from '../../parts/class-dot.js';
import { Slider } from '../../parts/slider.js';
import type { DataSearch } from '../../router.js';

/** Row heights the wall can have, in pixels. */
export const sizes = { least: 72, usual: 168, most: 420, step: 12 } as const;

const chip =
  'inline-flex h-8 shrink-0 items-center gap-2 rounded-md px-2.5 text-13 text-ink-2 transition-colors hover:bg-hover hover:text-ink aria-pressed:bg-accent-soft aria-pressed:text-accent';

/** What the wall shows: by class, by whether it is labelled, by name; and how large. Every choice with its count. */
export function FilterBar({
  project,
  search,
  change,
  searchField,
}: {
  project: Project;
  search: DataSearch;
  change: (next: Partial<DataSearch>) => void;
  searchField: React.RefObject<HTMLInputElement | null>;
}) {
  const { t } = useTranslation('data');
  const labelled = useQuery(mediaCountQuery(project.name, { labelled: true }));
  const all = project.counts.media;
  const byLabel = [
    { key: 'all', value: undefined, count: all },
    { key: 'labelled', value: true, count: labelled.data },
    { key: 'unlabelled', value: false, count: labelled.data === undefined ? undefined : all - labelled.data },
  ] as const;
  return (
    <div className="flex min-h-12 flex-wrap items-center gap-x-4 gap-y-1 border-b border-line px-6 py-2 max-md:px-4">
      <NameFilter value={search.q ?? ''} onChange={(q) => change({ q: q || undefined })} field={searchField} />
      {/* biome-ignore lint/a11y/useSemanticElements: a toolbar's set of toggles, not a form's fieldset. */}
      <div role="group" aria-label={t('byLabel')} className="flex max-w-full flex-wrap">
        {byLabel.map(({ key, value, count }) => (
          <button
            key={key}
            type="button"
            aria-pressed={search.labelled === value}
            onClick={() => change({ labelled: value })}
            className={chip}
          >
            {t(key)}
            <span className="min-w-4 text-12">{count === undefined ? '' : formatCount(count)}</span>
          </button>
        ))}
      </div>
      {project.classes.length > 0 && (
        // biome-ignore lint/a11y/useSemanticElements: a toolbar's set of toggles, not a form's fieldset.
        <div
          role="group"
          aria-label={t('byClass')}
          className="flex min-w-0 flex-1 basis-40 overflow-x-auto border-l border-line pr-6 pl-4 [scrollbar-width:none] [mask-image:linear-gradient(to_right,#000_calc(100%-2rem),transparent)] max-md:border-0 max-md:pl-0"
        >
          {project.classes.map(({ index, name, count, pictures, labelMaps }) => (
            <button
              key={name}
              type="button"
              aria-pressed={search.class === name}
              onClick={() => change({ class: search.class === name ? undefined : name })}
              className={chip}
            >
              <ClassDot index={index} />
              {name}
              <span className="text-12">{formatCount(count + pictures + labelMaps)}</span>
            </button>
          ))}
        </div>
      )}
      <div className="ml-auto flex items-center gap-2">
        <IconButton
          label={t('showLabels')}
          keys="b"
          pressed={search.boxes !== false}
          onClick={() => change({ boxes: search.boxes === false ? undefined : false })}
        >
          <SquareDashed aria-hidden />
        </IconButton>
        <Slider
          label={t('pictureSize')}
          hideLabel
          className="w-32 max-md:w-24"
          value={search.size ?? sizes.usual}
          min={sizes.least}
          max={sizes.most}
          step={sizes.step}
          onChange={(size) => change({ size: size === sizes.usual ? undefined : size })}
        />
      </div>
    </div>
  );
}

/** The field keeps what is typed; the filter follows when typing rests. */
function NameFilter({
  value,
  onChange,
  field,
}: {
  value: string;
  onChange: (value: string) => void;
  field: React.RefObject<HTMLInputElement | null>;
}) {
  const { t } = useTranslation('data');
  const [text, setText] = useState(value);
  const sent = useRef(value);
  const change = useRef(onChange);
  change.current = onChange;
  useEffect(() => {
    if (value !== sent.current) {
      sent.current = value;
      setText(value);
    }
  }, [value]);
  useEffect(() => {
    if (text === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = text;
      change.current(text);
    }, 220);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div className="relative w-52 max-md:w-full">
      <Search className="pointer-events-none absolute top-2 left-2.5 size-4 text-ink-3" aria-hidden />
      <input
        ref={field}
        type="text"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
        placeholder={t('filterName')}
        aria-label={t('filterName')}
        className="field pr-8 pl-8"
      />
      {text && (
        <button
          type="button"
          aria-label={t('clear')}
          onClick={() => setText('')}
          className="absolute top-1 right-1 flex size-6 items-center justify-center rounded-sm text-ink-3 hover:bg-hover hover:text-ink"
        >
          <X className="size-4" aria-hidden />
        </button>
      )}
    </div>
  );
}
