import { Check } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount } from '../../catalogue/format.js';

/** A value pictures can be filtered by; without a count where it is not among the commonest. */
export interface ShownValue {
  readonly value: string;
  readonly label: string;
  readonly count: number | undefined;
  readonly mark?: ReactNode;
}

/** More values than this come with a field to look for one. */
const manyValues = 10;

/** Values to filter by, each with how many pictures it would leave; several may be on. */
export function ValueFacet({
  title,
  values,
  chosen,
  onToggle,
}: {
  title: string;
  values: readonly ShownValue[];
  chosen: readonly string[];
  onToggle: (value: string) => void;
}) {
  const { t } = useTranslation('filter');
  const [words, setWords] = useState('');
  const found = values.filter(({ label }) => label.toLocaleLowerCase().includes(words.toLocaleLowerCase()));
  return (
    <div>
      {values.length > manyValues && (
        <input
          type="text"
          className="field mb-2"
          value={words}
          onChange={(event) => setWords(event.target.value)}
          placeholder={t('lookFor')}
          aria-label={t('lookFor')}
        />
      )}
      {found.length === 0 && <p className="px-1 py-1 text-ink-3">{t('noValues')}</p>}
      {/* biome-ignore lint/a11y/useSemanticElements: a set of toggles, not a form's fieldset. */}
      <div role="group" aria-label={title}>
        {found.map(({ value, label, count, mark }) => {
          const on = chosen.includes(value);
          return (
            // biome-ignore lint/a11y/useSemanticElements: it holds a mark and a count, which an input cannot.
            <button
              key={value}
              type="button"
              role="checkbox"
              aria-checked={on}
              onClick={() => onToggle(value)}
              className="flex min-h-8 w-full items-center gap-2 rounded-sm px-1 text-left hover:bg-hover focus-visible:outline-offset-[-2px]"
            >
              <span
                className={`flex size-4 shrink-0 items-center justify-center rounded-[3px] border ${on ? 'border-accent bg-accent text-on-accent' : 'border-line-field'}`}
                aria-hidden
              >
                {on && <Check className="size-3" strokeWidth={3} />}
              </span>
              {mark}
              <span className="min-w-0 flex-1 truncate">{label}</span>
              <span className="text-12 text-ink-2">{count === undefined ? '' : formatCount(count)}</span>
            </button>
          );
        })}
      </div>
    </div>
  );
}
