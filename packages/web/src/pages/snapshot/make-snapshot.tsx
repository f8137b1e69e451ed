import type { NewSnapshot } from '@fovea/api';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount, formatPercent } from '../../catalogue/format.js';
import { api } from '../../data/api.js';
import { type FilterSearch, isFiltered, toFilterQuery, toMediaFilter } from '../../data/filter-search.js';
import { mediaCountQuery } from '../../data/queries.js';
import { toastDone } from '../../frame/toasts.js';
import { Button, IconButton } from '../../parts/button.js';
import { Field } from '../../parts/field.js';
import { Slider } from '../../parts/slider.js';
import { filterWords } from '../filter/filter-words.js';

/** Freezes the project, or the pictures of the filter in the address, under a name. */
export function MakeSnapshot({
  project,
  filter,
  onMade,
  onClose,
}: {
  project: string;
  filter: FilterSearch;
  onMade: (id: string) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation(['snapshot', 'data', 'filter']);
  const { t: ofFilter } = useTranslation('filter');
  const client = useQueryClient();
  const filtered = isFiltered(filter);
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [isOfFilter, setOfFilter] = useState(true);
  const [val, setVal] = useState(0.15);
  const [test, setTest] = useState(0);
  const [seed, setSeed] = useState('0');
  const [isNew, setNew] = useState(false);
  const [withUnlabelled, setWithUnlabelled] = useState(false);
  const useFilter = filtered && isOfFilter;
  const count = useQuery(mediaCountQuery(project, useFilter ? toMediaFilter(filter) : {})).data;
  const make = useMutation({
    mutationFn: () => {
      const asked: NewSnapshot = {
        ...(name.trim() !== '' && { name: name.trim() }),
        ...(description.trim() !== '' && { description: description.trim() }),
        ...(useFilter && { filter: toFilterQuery(filter) }),
        valFraction: val,
        testFraction: test,
        seed: Number(seed) || 0,
        splits: isNew ? 'new' : 'keep',
        includeUnlabelled: withUnlabelled,
      };
      return api.createSnapshot(project, asked);
    },
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: ['snapshots', project] });
      toastDone(t(made.isNew ? 'data:snapshotMade' : 'data:snapshotSame', { name: made.name }));
      onMade(made.id);
    },
  });
  return (
    <aside
      aria-label={t('data:makeSnapshot')}
      className="slide-in w-[clamp(20rem,28vw,28rem)] shrink-0 overflow-y-auto border-l border-line bg-surface max-md:w-full max-md:border-t max-md:border-l-0"
    >
      <header className="flex items-center gap-2 border-b border-line px-4 py-3">
        <h2 className="min-w-0 flex-1 text-16 font-semibold">{t('data:makeSnapshot')}</h2>
        <IconButton label={t('close')} keys="Escape" onClick={onClose}>
          <X aria-hidden />
        </IconButton>
      </header>
      <form
        className="flex flex-col gap-5 p-4"
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate();
        }}
      >
        <div>
          <p className="font-medium">
            {count === undefined ? ' ' : t('data:pictureCount', { count, text: formatCount(count) })}
          </p>
          <p className="text-ink-2 wrap-anywhere">
            {useFilter
              ? filterWords(ofFilter, filter)
                  .map((word) => `${word.name}: ${word.value}`)
                  .join(' · ')
              : t('wholeProject')}
          </p>
          {filtered && (
            <label className="mt-2 flex items-center gap-2">
              <input type="checkbox" checked={isOfFilter} onChange={(event) => setOfFilter(event.target.checked)} />
              {t('onlyFilter')}
            </label>
          )}
        </div>
        <Field label={t('data:name')} hint={t('nameHint')} value={name} onChange={setName} maxLength={200} />
        <Field
          label={t('description')}
          hint={t('descriptionHint')}
          value={description}
          onChange={setDescription}
          maxLength={10_000}
        />
        <Slider
          label={t('data:heldOut')}
          value={val}
          min={0}
          max={0.9}
          step={0.01}
          text={formatPercent(val)}
          onChange={setVal}
        />
        <Slider
          label={t('test')}
          value={test}
          min={0}
          max={0.9}
          step={0.01}
          text={formatPercent(test)}
          onChange={setTest}
        />
        <Field label={t('seed')} hint={t('seedHint')} type="number" min={0} step={1} value={seed} onChange={setSeed} />
        <label className="flex items-center gap-2">
          <input type="checkbox" checked={isNew} onChange={(event) => setNew(event.target.checked)} />
          {t('splitAnew')}
        </label>
        <label className="flex items-center gap-2">
          <input
            type="checkbox"
            checked={withUnlabelled}
            onChange={(event) => setWithUnlabelled(event.target.checked)}
          />
          {t('withUnlabelled')}
        </label>
        {make.isError && (
          <p role="alert" className="text-bad wrap-anywhere">
            {make.error.message}
          </p>
        )}
        <Button tone="primary" type="submit" disabled={make.isPending}>
          {make.isPending ? t('making') : t('data:makeSnapshot')}
        </Button>
      </form>
    </aside>
  );
}
