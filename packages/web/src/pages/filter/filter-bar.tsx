import type { Facets, Project } from '@fovea/api';
import { useQuery } from '@tanstack/react-query';
import { Search, X } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount } from '../../catalogue/format.js';
import {
  type FilterSearch,
  isFiltered,
  listOf,
  noFilter,
  pickFilter,
  type RangeName,
  type TextName,
  toggleText,
} from '../../data/filter-search.js';
import { facetsQuery } from '../../data/queries.js';
import { ClassDot } from '../../parts/class-dot.js';
import { DateFacet } from './date-facet.js';
import { FacetMenu, FacetSection } from './facet-menu.js';
import { filterWords, valueLabel } from './filter-words.js';
import { PlaceFacet } from './place-facet.js';
import { RangeFacet } from './range-facet.js';
import { ValueFacet } from './value-facet.js';

/** The facet of the API that a filter's values are counted in. */
const facetOf: Partial<Record<TextName, keyof Facets['values']>> = {
  class: 'classNames',
  predicted: 'predictedClassNames',
  model: 'models',
  state: 'states',
  tag: 'tags',
  withoutTag: 'tags',
  split: 'splits',
  format: 'formats',
  kind: 'kinds',
  camera: 'cameras',
};

/**
 * Which pictures, without SQL: a menu for each thing they can be filtered by, with how many each value would leave;
 * below them how many are left, what is set (each with a cross), and what `children` add at the right.
 */
export function FilterBar({
  project,
  search,
  change,
  searchField,
  total,
  children,
}: {
  project: Project;
  search: FilterSearch;
  change: (next: FilterSearch) => void;
  searchField?: React.RefObject<HTMLInputElement | null>;
  /** Pictures the filter leaves, where known. */
  total: number | undefined;
  children?: ReactNode;
}) {
  const { t } = useTranslation('filter');
  const filter = pickFilter(search);
  const facets = useQuery(facetsQuery(project.name, filter));
  const words = filterWords(t, filter);

  const values = (name: TextName, more: readonly string[] = []) => {
    const counted = facets.data?.values[facetOf[name]!] ?? [];
    const known = new Set(counted.map(({ value }) => value));
    const rest = [...listOf(search[name]), ...more].filter((value) => !known.has(value));
    const shown = [...counted, ...[...new Set(rest)].map((value) => ({ value, count: undefined }))];
    return shown.map(({ value, count }) => {
      const index = project.classes.find((one) => one.name === value)?.index;
      const mark = (name === 'class' || name === 'predicted') && index !== undefined && <ClassDot index={index} />;
      return { value, count, label: valueLabel(t, name, value), mark };
    });
  };
  const valueFacet = (name: TextName, more?: readonly string[]) => (
    <ValueFacet
      title={t(`names.${name}`)}
      values={values(name, more)}
      chosen={listOf(search[name])}
      onToggle={(value) => change(toggleText(search, name, value))}
    />
  );
  const rangeFacet = (name: RangeName & keyof Facets['ranges'], whole?: boolean) => (
    <RangeFacet
      label={t(`names.${name}`)}
      spread={facets.data?.ranges[name]}
      value={search[name]}
      whole={whole}
      onChange={(value) => change({ [name]: value })}
    />
  );
  const count = (...names: (keyof FilterSearch)[]) =>
    names.reduce((sum, name) => {
      const value = search[name];
      return sum + (value === undefined ? 0 : Array.isArray(value) ? value.length : 1);
    }, 0);

  return (
    <div className="shrink-0 border-b border-line">
      <div className="flex min-h-11 flex-wrap items-center gap-x-1 gap-y-1 px-6 pt-2 max-md:px-4" data-facets>
        <NameFilter value={search.q ?? ''} onChange={(q) => change({ q: q || undefined })} field={searchField} />
        {/* biome-ignore lint/a11y/useSemanticElements: a toolbar's set of menus, not a form's fieldset. */}
        <div
          role="group"
          aria-label={t('bar')}
          className="flex min-w-0 flex-wrap max-md:flex-nowrap max-md:overflow-x-auto max-md:[scrollbar-width:none]"
        >
          <FacetMenu label={t('menus.class')} count={count('class')}>
            {valueFacet('class', project.classes.length <= 50 ? project.classes.map(({ name }) => name) : [])}
          </FacetMenu>
          <FacetMenu label={t('menus.labels')} count={count('state', 'reviewed', 'annotations')}>
            <FacetSection title={t('names.state')}>{valueFacet('state')}</FacetSection>
            <FacetSection title={t('names.reviewed')}>
              <ValueFacet
                title={t('names.reviewed')}
                values={['true', 'false'].map((value) => ({
                  value,
                  label: t(value === 'true' ? 'yes' : 'no'),
                  count:
                    facets.data?.values.reviewed.find((one) => one.value === value)?.count ??
                    (facets.data ? 0 : undefined),
                }))}
                chosen={search.reviewed === undefined ? [] : [String(search.reviewed)]}
                onToggle={(value) =>
                  change({ reviewed: String(search.reviewed) === value ? undefined : value === 'true' })
                }
              />
            </FacetSection>
            <FacetSection title={t('names.annotations')}>{rangeFacet('annotations', true)}</FacetSection>
          </FacetMenu>
          <FacetMenu label={t('menus.predicted')} count={count('predicted', 'model', 'confidence')}>
            <FacetSection title={t('names.predicted')}>{valueFacet('predicted')}</FacetSection>
            <FacetSection title={t('names.confidence')}>{rangeFacet('confidence')}</FacetSection>
            <FacetSection title={t('names.model')}>{valueFacet('model')}</FacetSection>
          </FacetMenu>
          <FacetMenu label={t('menus.tag')} count={count('tag', 'withoutTag')}>
            <FacetSection title={t('names.tag')}>{valueFacet('tag')}</FacetSection>
            <FacetSection title={t('withoutTag')}>{valueFacet('withoutTag')}</FacetSection>
          </FacetMenu>
          <FacetMenu label={t('menus.split')} count={count('split')}>
            {valueFacet('split')}
          </FacetMenu>
          <FacetMenu
            label={t('menus.look')}
            count={count('brightness', 'contrast', 'sharpness', 'megapixels', 'entropy', 'width', 'height', 'aspect')}
          >
            {rangeFacet('brightness')}
            {rangeFacet('contrast')}
            {rangeFacet('sharpness')}
            {rangeFacet('megapixels')}
          </FacetMenu>
          <FacetMenu label={t('menus.camera')} count={count('camera', 'format', 'kind', 'video', 'timeSeconds')}>
            <FacetSection title={t('names.camera')}>{valueFacet('camera')}</FacetSection>
            <FacetSection title={t('names.format')}>{valueFacet('format')}</FacetSection>
            <FacetSection title={t('names.kind')}>{valueFacet('kind')}</FacetSection>
          </FacetMenu>
          <FacetMenu label={t('menus.date')} count={count('taken', 'added')}>
            {(['taken', 'added'] as const).map((name) => (
              <FacetSection key={name} title={t(`names.${name}`)}>
                <DateFacet
                  label={t(`names.${name}`)}
                  span={facets.data?.[name]}
                  value={search[name]}
                  onChange={(value) => change({ [name]: value })}
                />
              </FacetSection>
            ))}
          </FacetMenu>
          <FacetMenu label={t('menus.place')} count={count('place')} wide>
            <PlaceFacet
              project={project.name}
              filter={filter}
              placed={facets.data?.placed}
              onChange={(place) => change({ place })}
            />
          </FacetMenu>
        </div>
      </div>
      <div className="flex min-h-11 flex-wrap items-center gap-x-2 gap-y-1 px-6 py-1 max-md:px-4">
        <p className="mr-1 min-w-24 text-ink-2" role="status">
          {total !== undefined && (
            <>
              <span className="font-medium text-ink">{t('shown', { count: total, text: formatCount(total) })}</span>{' '}
              {isFiltered(search) &&
                total !== project.counts.media &&
                t('of', { total: formatCount(project.counts.media) })}
            </>
          )}
          {facets.isError && <span className="text-bad">{t('facetsFailed')}</span>}
        </p>
        {words.map(({ key, name, value, without }) => (
          <button
            key={key}
            type="button"
            aria-label={t('remove', { name, value })}
            onClick={() => change(without)}
            className="inline-flex h-7 max-w-64 items-center gap-1.5 rounded-md bg-accent-soft pr-1.5 pl-2.5 text-12 text-accent hover:text-accent-strong"
          >
            <span className="truncate">
              {name} <span className="font-semibold">{value}</span>
            </span>
            <X className="size-3.5 shrink-0" aria-hidden />
          </button>
        ))}
        {words.length > 1 && (
          <button
            type="button"
            onClick={() => change(noFilter)}
            className="h-7 rounded-md px-2 text-12 text-ink-2 hover:bg-hover hover:text-ink"
          >
            {t('clearAll')}
          </button>
        )}
        {children && <div className="ml-auto flex flex-wrap items-center gap-x-1 gap-y-1">{children}</div>}
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
  field?: React.RefObject<HTMLInputElement | null>;
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
    <div className="relative mr-2 w-52 shrink-0 max-md:mr-0 max-md:w-full">
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
