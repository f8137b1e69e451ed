import type { TFunction } from 'i18next';
import { formatFigure, formatSignificant } from '../../catalogue/format.js';
import {
  type FilterSearch,
  listOf,
  type RangeName,
  rangeNames,
  readRange,
  type TextName,
  textNames,
  textsOf,
} from '../../data/filter-search.js';

type Translate = TFunction<'filter'>;

/** For names that the catalogue may not have: then they are shown as they are. */
type Named = (key: string, options: { defaultValue: string }) => string;

/** A split in words; an empty text is none. */
export function splitLabel(t: Named, split: string): string {
  return split === ''
    ? t('filter:noSplit', { defaultValue: '' })
    : t(`filter:splits.${split}`, { defaultValue: split });
}

/** A value of a filter in words. */
export function valueLabel(t: Translate, name: TextName, value: string): string {
  const named = t as unknown as Named;
  if (name === 'state') return named(`states.${value}`, { defaultValue: value });
  if (name === 'kind') return named(`kinds.${value}`, { defaultValue: value });
  if (name === 'split') return splitLabel(named, value);
  if (name === 'camera' && value === '') return t('noCamera');
  if (name === 'format') return value.toUpperCase();
  if (name === 'video' || name === 'sha256') return value.slice(0, 8);
  return value;
}

/** A range in words: "0.2 to 0.8", "at least 5". */
export function rangeLabel(t: Translate, name: RangeName, text: string): string {
  const range = readRange(text);
  if (!range) return text;
  const print = (value: number) => (name === 'annotations' ? formatFigure(value, 0) : formatSignificant(value));
  const { min, max } = range;
  if (min === max && min !== undefined) return print(min);
  if (min === undefined) return max === undefined ? text : t('atMost', { value: print(max) });
  if (max === undefined) return t('atLeast', { value: print(min) });
  return t('between', { min: print(min), max: print(max) });
}

/** One thing that is filtered by, in words, and what takes it away. */
export interface FilterWord {
  readonly key: string;
  readonly name: string;
  readonly value: string;
  readonly without: FilterSearch;
}

/** All that is filtered by. */
export function filterWords(t: Translate, search: FilterSearch): FilterWord[] {
  const words: FilterWord[] = [];
  for (const name of textNames) {
    const values = listOf(search[name]);
    // A list of single pictures is one thing, however many they are.
    if (name === 'sha256' && values.length > 1) {
      words.push({
        key: name,
        name: t('names.sha256'),
        value: t('these', { count: values.length }),
        without: { sha256: undefined },
      });
      continue;
    }
    for (const value of values) {
      words.push({
        key: `${name}=${value}`,
        name: t(`names.${name}`),
        value: valueLabel(t, name, value),
        without: { [name]: textsOf(values.filter((each) => each !== value)) },
      });
    }
  }
  if (search.reviewed !== undefined) {
    words.push({
      key: 'reviewed',
      name: t('names.reviewed'),
      value: t(search.reviewed ? 'yes' : 'no'),
      without: { reviewed: undefined },
    });
  }
  for (const name of rangeNames) {
    const text = search[name];
    if (text !== undefined)
      words.push({
        key: name,
        name: t(`names.${name}`),
        value: rangeLabel(t, name, text),
        without: { [name]: undefined },
      });
  }
  for (const name of ['q', 'taken', 'added', 'place', 'sql'] as const) {
    const text = search[name];
    if (text === undefined) continue;
    const value = name === 'taken' || name === 'added' ? dateLabel(t, text) : text;
    words.push({ key: name, name: t(`names.${name}`), value, without: { [name]: undefined } });
  }
  return words;
}

function dateLabel(t: Translate, text: string): string {
  const [min = '', max = min] = text.split('..');
  if (min === '') return t('atMostDay', { value: max });
  if (max === '') return t('atLeastDay', { value: min });
  return min === max ? min : t('between', { min, max });
}
