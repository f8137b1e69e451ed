import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Copy, Tag, Trash2 } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount, formatFigure } from '../../catalogue/format.js';
import { api } from '../../data/api.js';
import { nearDuplicatesQuery } from '../../data/curation-queries.js';
import { changePictures, undoLastAction } from '../../data/media-actions.js';
import { useActionWords } from '../../data/use-words.js';
import { useKeys } from '../../frame/keys.js';
import { Button, Keys } from '../../parts/button.js';
import { Choices } from '../../parts/choices.js';
import { Empty } from '../../parts/empty.js';
import { Failure } from '../../parts/failure.js';
import { ModelBar, useModelChoice } from '../../parts/model-bar.js';
import { Slider } from '../../parts/slider.js';
import type { FindPart } from '../find-page.js';
import { GridSkeleton, NeedsVectors } from './needs.js';

const mostGroups = 200;
/** Pictures of a group that are shown; of a group of hundreds nobody compares each with each. */
const mostShown = 24;
const ways = {
  hash: { usual: 6, most: 15, step: 1, decimals: 0 },
  model: { usual: 0.05, most: 0.3, step: 0.01, decimals: 2 },
} as const;

interface Picture {
  readonly sha256: string;
  readonly name: string;
}

const keyOf = (group: readonly Picture[]) => group.map(({ sha256 }) => sha256).join();

/** Pictures that are nearly the same, group by group: one is kept, the others are removed or tagged. */
export function Duplicates({ project, search, change, open }: FindPart) {
  const { t } = useTranslation(['find', 'data', 'curation']);
  const client = useQueryClient();
  const words = useActionWords();
  const by = search.by ?? 'hash';
  const way = ways[by];
  const choice = useModelChoice(project, search.model);
  const model = by === 'model' ? choice.chosen?.model : undefined;
  const isReady = by === 'hash' || (choice.chosen?.embedded ?? 0) > 1;
  const asked = search.distance ?? way.usual;
  const distance = useSettled(Math.min(way.most, Math.max(0, asked)));
  const found = useQuery({
    ...nearDuplicatesQuery(project, { model, distance, limit: mostGroups }),
    enabled: isReady,
    placeholderData: (before) => before,
  });
  // What was dealt with leaves at once, and is back when it is undone.
  const [settled, setSettled] = useState<ReadonlySet<string>>(new Set());
  const groups = (found.data?.groups ?? []).filter((group) => !settled.has(keyOf(group)));
  const [at, setAt] = useState(0);
  const [kept, setKept] = useState<ReadonlyMap<string, string>>(new Map());
  const list = useRef<HTMLOListElement>(null);
  const here = Math.min(at, Math.max(0, groups.length - 1));
  const keptOf = (group: readonly Picture[]) => kept.get(keyOf(group)) ?? group[0]!.sha256;
  const restOf = (group: readonly Picture[]) =>
    group.flatMap(({ sha256 }) => (sha256 === keptOf(group) ? [] : [sha256]));
  const keep = (group: readonly Picture[], sha256: string) => setKept(new Map(kept).set(keyOf(group), sha256));

  const settle = async (some: readonly (readonly Picture[])[], action: 'tag' | 'remove') => {
    const keys = some.map(keyOf);
    const what = action === 'tag' ? ({ kind: 'tag', tag: t('duplicateTag') } as const) : ({ kind: 'remove' } as const);
    const mark = (isSettled: boolean) =>
      setSettled((before) => {
        const next = new Set(before);
        for (const key of keys) isSettled ? next.add(key) : next.delete(key);
        return next;
      });
    mark(true);
    const done = await changePictures(
      client,
      project,
      { sha256: some.flatMap(restOf) },
      what,
      words(what, () => mark(false)),
    );
    if (!done) mark(false);
  };
  const group = groups[here];
  const choose = (by: number) => {
    if (!group) return;
    const index = group.findIndex(({ sha256 }) => sha256 === keptOf(group));
    keep(group, group[Math.min(Math.min(group.length, mostShown) - 1, Math.max(0, index + by))]!.sha256);
  };
  const go = (next: number) => setAt(Math.min(groups.length - 1, Math.max(0, next)));
  useEffect(() => {
    list.current?.querySelector(`[data-group="${here}"]`)?.scrollIntoView({ block: 'nearest' });
  }, [here]);
  useKeys(t('whats.duplicates'), [
    { keys: 'ArrowUp', label: t('previousGroup'), run: () => go(here - 1) },
    { keys: 'ArrowDown', label: t('nextGroup'), run: () => go(here + 1) },
    { keys: 'ArrowLeft', label: t('keepLeft'), run: () => choose(-1) },
    { keys: 'ArrowRight', label: t('keepRight'), run: () => choose(1) },
    { keys: 'k', label: t('keepOne'), run: () => group && void settle([group], 'remove') },
    { keys: 't', label: t('tagRest'), run: () => group && void settle([group], 'tag') },
    { keys: 'Enter', label: t('data:openPicture'), run: () => group && open({ sha256: keptOf(group) }) },
    { keys: 'mod+z', label: t('data:undoLast'), run: undoLastAction },
  ]);

  const bar = (
    <>
      <Choices
        label={t('by')}
        value={by}
        options={[
          { value: 'hash', text: t('byHash') },
          { value: 'model', text: t('byModel') },
        ]}
        onChange={(value) => change({ by: value === 'hash' ? undefined : value, distance: undefined })}
      />
      <Slider
        label={t('distance')}
        className="w-72"
        value={Math.min(way.most, asked)}
        min={0}
        max={way.most}
        step={way.step}
        text={formatFigure(Math.min(way.most, asked), way.decimals)}
        onChange={(value) => change({ distance: value === way.usual ? undefined : value })}
      />
    </>
  );
  return (
    <>
      <div className="flex min-h-12 shrink-0 flex-wrap items-center gap-x-6 gap-y-2 border-b border-line px-6 py-2 max-md:px-4">
        {bar}
        {found.data && (
          <p className="ml-auto text-ink-2 max-md:ml-0" role="status">
            {t('groupCount', {
              count: found.data.groupCount,
              text: formatCount(found.data.groupCount),
              pictures: formatCount(found.data.pictureCount),
            })}
          </p>
        )}
      </div>
      {by === 'model' && <ModelBar choice={choice} onChoose={(next) => change({ model: next })} />}
      <div className="flex min-h-0 flex-1 flex-col overflow-y-auto p-6 max-md:p-4">
        {by === 'model' && choice.failure ? (
          <Failure error={choice.failure} what={t('curation:modelsFailed')} onRetry={choice.retry} />
        ) : !isReady && !choice.isPending ? (
          <NeedsVectors choice={choice} icon={Copy} text={t('duplicatesNeed')} />
        ) : found.isError ? (
          <Failure error={found.error} what={t('duplicatesFailed')} onRetry={found.refetch} />
        ) : found.data === undefined ? (
          <GridSkeleton />
        ) : groups.length === 0 ? (
          <Empty icon={Copy} text={settled.size > 0 ? t('allSettled') : t('noDuplicates')}>
            {settled.size === 0 && asked < way.most && (
              <Button onClick={() => change({ distance: Math.min(way.most, asked * 2 || way.usual) })}>
                {t('looser')}
              </Button>
            )}
          </Empty>
        ) : (
          <>
            <div className="mb-4 flex flex-wrap items-center gap-x-6 gap-y-2">
              <p className="max-w-2xl text-ink-2">{t('duplicatesNote')}</p>
              <Button className="ml-auto max-md:ml-0" onClick={() => void settle(groups, 'tag')}>
                <Tag aria-hidden />
                {t('tagAll', { count: groups.length, text: formatCount(groups.length) })}
              </Button>
            </div>
            <ol ref={list} className="space-y-4">
              {groups.map((one, index) => (
                <li
                  key={keyOf(one)}
                  data-group={index}
                  aria-current={index === here}
                  className="panel p-3 aria-[current=true]:border-accent [content-visibility:auto] [contain-intrinsic-height:13rem]"
                >
                  <ul className="flex flex-wrap gap-3">
                    {one.slice(0, mostShown).map((picture) => {
                      const isKept = keptOf(one) === picture.sha256;
                      return (
                        <li key={picture.sha256} className="w-40 min-w-0">
                          <button
                            type="button"
                            aria-pressed={isKept}
                            aria-label={t(isKept ? 'isKept' : 'keepThis', { name: picture.name })}
                            onClick={() => {
                              setAt(index);
                              keep(one, picture.sha256);
                            }}
                            onDoubleClick={() => open(picture)}
                            className="relative isolate block h-28 w-full overflow-hidden rounded-sm bg-sunken focus-visible:outline-offset-[-3px] aria-pressed:outline-3 aria-pressed:outline-offset-[-3px] aria-pressed:outline-accent"
                          >
                            <img
                              src={api.thumbnailUrl(project, picture.sha256)}
                              alt=""
                              loading="lazy"
                              className={`absolute inset-0 -z-10 size-full object-cover ${isKept ? '' : 'opacity-60'}`}
                            />
                          </button>
                          <p className="mt-1 flex h-4 gap-2 text-12">
                            <span className="min-w-0 flex-1 truncate text-ink-2">{picture.name}</span>
                            {isKept && <span className="shrink-0 font-medium text-accent">{t('kept')}</span>}
                          </p>
                        </li>
                      );
                    })}
                    {one.length > mostShown && (
                      <li className="flex h-28 items-center px-2 text-ink-2">
                        {t('further', { text: formatCount(one.length - mostShown) })}
                      </li>
                    )}
                  </ul>
                  <div className="mt-2 flex flex-wrap gap-2">
                    <Button onClick={() => void settle([one], 'remove')}>
                      <Trash2 aria-hidden />
                      {t('removeRest', { count: one.length - 1, text: formatCount(one.length - 1) })}
                      {index === here && <Keys keys="k" />}
                    </Button>
                    <Button tone="quiet" onClick={() => void settle([one], 'tag')}>
                      <Tag aria-hidden />
                      {t('tagRest')}
                      {index === here && <Keys keys="t" />}
                    </Button>
                  </div>
                </li>
              ))}
            </ol>
          </>
        )}
      </div>
    </>
  );
}

/** A value once it has not changed for a moment: a slider under way asks for nothing. */
function useSettled(value: number): number {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), 250);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
