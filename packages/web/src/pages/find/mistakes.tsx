import type { LabelMistakes, MediaItem, ProjectClass } from '@fovea/api';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { BadgeCheck, ExternalLink, SearchCheck, Tag } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount, formatFigure, formatPercent } from '../../catalogue/format.js';
import { api } from '../../data/api.js';
import { type MistakesOf, mistakesQuery, picturesQuery } from '../../data/curation-queries.js';
import { changePictures } from '../../data/media-actions.js';
import { facetsQuery } from '../../data/queries.js';
import { useCells } from '../../data/use-cells.js';
import { useGone } from '../../data/use-gone.js';
import { useActionWords } from '../../data/use-words.js';
import { BoxOverlay } from '../../parts/box-overlay.js';
import { BoxedPicture, type NamedBox } from '../../parts/boxed-picture.js';
import { IconButton } from '../../parts/button.js';
import { Choices } from '../../parts/choices.js';
import { Empty } from '../../parts/empty.js';
import { Failure } from '../../parts/failure.js';
import { ModelBar, useModelChoice } from '../../parts/model-bar.js';
import { TagPicker } from '../data/tag-picker.js';
import type { FindPart } from '../find-page.js';
import { SelectionBar } from '../map/selection-bar.js';
import { GridSkeleton, NeedsVectors } from './needs.js';
import { NeedsPredictions, PredictingBar, usePredicting } from './predicting.js';

type Mistake = LabelMistakes['items'][number];

const kinds = ['class', 'missing', 'spurious', 'confused', 'misplaced'] as const;

/** Labels that are likely wrong, likeliest first: the picture with what is labelled and what a model says. */
export function Mistakes({ project, search, change, open, classes }: FindPart & { classes: readonly ProjectClass[] }) {
  const { t } = useTranslation(['find', 'data', 'curation']);
  const navigate = useNavigate();
  const hasBoxes = classes.some(({ count }) => count > 0);
  const of: MistakesOf = search.of ?? (hasBoxes || classes.length === 0 ? 'boxes' : 'classes');
  const byVectors = of === 'classes';
  const choice = useModelChoice(project, search.model);
  const predicting = usePredicting(project, search.model, of === 'boxes' ? 'detection' : 'classification');
  const model = (byVectors ? choice.chosen?.model : predicting.model) ?? '';
  const isReady = byVectors ? (choice.chosen?.embedded ?? 0) > 1 : predicting.model !== undefined;
  const isPending = byVectors ? choice.isPending : predicting.isPending;
  const found = useQuery({ ...mistakesQuery(project, of, model), enabled: isReady });
  const { gone, add } = useGone(project);
  const [kind, setKind] = useState<(typeof kinds)[number] | 'all'>('all');
  const all = useMemo(() => (found.data?.items ?? []).filter(({ sha256 }) => !gone.has(sha256)), [found.data, gone]);
  const items = kind === 'all' ? all : all.filter((one) => one.kind === kind);
  const shas = useMemo(() => [...new Set(all.map(({ sha256 }) => sha256))], [all]);
  const pictures = useQuery({ ...picturesQuery(project, shas), enabled: shas.length > 0 }).data;
  const cells = useCells(items, `${of} ${model} ${kind}`, open);
  const present = kinds.filter((one) => all.some((mistake) => mistake.kind === one));
  return (
    <>
      <div className="flex min-h-12 shrink-0 flex-wrap items-center gap-x-6 gap-y-2 border-b border-line px-6 py-2 max-md:px-4">
        <Choices
          label={t('mistakesBy')}
          value={of}
          options={(['boxes', 'classes', 'predicted-classes'] as const).map((value) => ({
            value,
            text: t(`ofs.${value}`),
          }))}
          onChange={(value) => {
            setKind('all');
            change({ of: value, model: undefined });
          }}
        />
        {present.length > 1 && (
          <div className="ml-auto max-md:ml-0">
            <Choices
              label={t('kind')}
              value={kind}
              options={[
                { value: 'all' as const, text: t('data:all'), note: formatCount(all.length) },
                ...present.map((value) => ({
                  value,
                  text: t(`kinds.${value}`),
                  note: formatCount(all.filter((one) => one.kind === value).length),
                })),
              ]}
              onChange={setKind}
            />
          </div>
        )}
      </div>
      {byVectors ? (
        <ModelBar choice={choice} onChoose={(next) => change({ model: next })} />
      ) : (
        <PredictingBar predicting={predicting} onChoose={(next) => change({ model: next })} />
      )}
      <div className="relative flex min-h-0 flex-1 flex-col">
        <div className="flex min-h-0 flex-1 flex-col overflow-y-auto p-6 pb-20 max-md:p-4 max-md:pb-20">
          {(byVectors ? choice.failure : predicting.failure) ? (
            <Failure error={byVectors ? choice.failure : predicting.failure} what={t('curation:modelsFailed')} />
          ) : isPending || (isReady && found.isPending) ? (
            <GridSkeleton />
          ) : !isReady ? (
            byVectors ? (
              <NeedsVectors choice={choice} icon={SearchCheck} text={t('mistakesNeedVectors')} />
            ) : (
              <NeedsPredictions
                predicting={predicting}
                text={t(of === 'boxes' ? 'mistakesNeedBoxes' : 'mistakesNeedClasses')}
              />
            )
          ) : found.isError ? (
            <Failure error={found.error} what={t('mistakesFailed')} onRetry={found.refetch} />
          ) : items.length === 0 ? (
            <Empty icon={SearchCheck} text={t('noMistakes')} />
          ) : (
            <>
              <p className="mb-4 max-w-2xl text-ink-2">{t(of === 'boxes' ? 'boxesNote' : 'classesNote')}</p>
              <ul
                ref={cells.ref}
                aria-label={t('whats.mistakes')}
                className="grid grid-cols-[repeat(auto-fill,minmax(min(20rem,100%),1fr))] gap-4"
              >
                {items.map((mistake, index) => (
                  <MistakeCard
                    // biome-ignore lint/suspicious/noArrayIndexKey: a picture may have several, and their order stays.
                    key={`${mistake.sha256}-${mistake.kind}-${index}`}
                    project={project}
                    mistake={mistake}
                    index={index}
                    item={pictures?.get(mistake.sha256)}
                    classes={classes}
                    isHere={cells.at === index}
                    isMarked={cells.marks.has(mistake.sha256)}
                    onHere={() => cells.setAt(index)}
                    onOpen={() => open(mistake)}
                  />
                ))}
              </ul>
            </>
          )}
        </div>
        <SelectionBar
          project={project}
          shas={[...cells.marks]}
          one={cells.one?.sha256}
          onClear={() => cells.setMarks(new Set())}
          onRemoved={add}
          onShow={(filter) => void navigate({ to: '/projects/$project/data', params: { project }, search: filter })}
        />
      </div>
    </>
  );
}

function MistakeCard({
  project,
  mistake,
  index,
  item,
  classes,
  isHere,
  isMarked,
  onHere,
  onOpen,
}: {
  project: string;
  mistake: Mistake;
  index: number;
  /** The picture, once it is here. */
  item: MediaItem | undefined;
  classes: readonly ProjectClass[];
  isHere: boolean;
  isMarked: boolean;
  onHere: () => void;
  onOpen: () => void;
}) {
  const { t } = useTranslation(['find', 'data']);
  const client = useQueryClient();
  const words = useActionWords();
  const [isTagging, setTagging] = useState(false);
  const tags = useQuery({ ...facetsQuery(project, {}), enabled: isTagging }).data?.values.tags ?? [];
  const named = ({ className, box, ...rest }: { className: string; box: NamedBox['box']; confidence?: number }) => ({
    ...rest,
    className,
    box,
    classIndex: classes.find(({ name }) => name === className)?.index ?? classes.length,
  });
  const truth = 'truth' in mistake ? [named(mistake.truth)] : [];
  const found = 'found' in mistake ? [named(mistake.found)] : [];
  const change = (action: { kind: 'review' } | { kind: 'unreview' } | { kind: 'tag'; tag: string }) =>
    void changePictures(client, project, { sha256: [mistake.sha256] }, action, words(action));
  return (
    <li
      data-cell={index}
      aria-current={isHere}
      className={`panel flex min-w-0 flex-col overflow-hidden aria-[current=true]:border-accent aria-[current=true]:ring-1 aria-[current=true]:ring-accent ${isMarked ? 'bg-accent-soft' : ''}`}
    >
      <button
        type="button"
        aria-label={t('lookAt', { name: mistake.name })}
        onClick={isHere ? onOpen : onHere}
        className="flex h-56 w-full items-center justify-center bg-sunken focus-visible:outline-offset-[-3px]"
      >
        {item ? (
          <BoxedPicture
            src={api.thumbnailUrl(project, item.sha256)}
            alt=""
            width={item.width}
            height={item.height}
            boxes={truth}
            labels
            maxHeight="14rem"
          >
            <BoxOverlay width={item.width} height={item.height} boxes={found} line={2} dashed />
          </BoxedPicture>
        ) : (
          <span className="skeleton size-full" />
        )}
      </button>
      <div className="flex min-w-0 flex-1 flex-col gap-1 p-3">
        <p className="flex items-center gap-2">
          <span className="rounded-full bg-warn-soft px-2 text-12 font-medium text-warn">
            {t(`kinds.${mistake.kind}`)}
          </span>
          <span className="min-w-0 flex-1 truncate text-12 text-ink-3">{mistake.name}</span>
          <span className="text-12 text-ink-2" title={t('score')}>
            {formatFigure(mistake.score, 2)}
          </span>
        </p>
        <p className="text-ink">{sentenceOf(t as never, mistake)}</p>
        <div className="mt-auto flex items-center gap-1 pt-1">
          <button
            type="button"
            aria-pressed={item?.reviewed ?? false}
            disabled={!item}
            onClick={() => change({ kind: item?.reviewed ? 'unreview' : 'review' })}
            className="inline-flex h-7 items-center gap-1.5 rounded-md border border-line px-2.5 text-ink-2 hover:bg-hover aria-pressed:border-good aria-pressed:bg-good-soft aria-pressed:text-good"
          >
            <BadgeCheck className="size-4" aria-hidden />
            {t('data:markReviewed')}
          </button>
          <TagPicker
            trigger={
              <button
                type="button"
                className="inline-flex h-7 items-center gap-1.5 rounded-md px-2.5 text-ink-2 hover:bg-hover hover:text-ink"
              >
                <Tag className="size-4" aria-hidden />
                {t('data:addTag')}
              </button>
            }
            label={t('data:addTag')}
            known={tags}
            isNewAllowed
            open={isTagging}
            onOpenChange={setTagging}
            onPick={(tag) => change({ kind: 'tag', tag })}
          />
          <IconButton label={t('data:openPicture')} className="ml-auto size-7" onClick={onOpen}>
            <ExternalLink aria-hidden />
          </IconButton>
        </div>
      </div>
    </li>
  );
}

/** What is likely wrong, in a sentence. */
function sentenceOf(t: (key: string, values: Record<string, string>) => string, mistake: Mistake): string {
  switch (mistake.kind) {
    case 'class':
      return t('says.class', { given: mistake.given, likely: mistake.likely });
    case 'missing':
      return t('says.missing', {
        found: mistake.found.className,
        confidence: formatPercent(mistake.found.confidence),
      });
    case 'spurious':
      return t('says.spurious', { truth: mistake.truth.className });
    case 'confused':
      return t('says.confused', {
        truth: mistake.truth.className,
        found: mistake.found.className,
        confidence: formatPercent(mistake.found.confidence),
      });
    case 'misplaced':
      return t('says.misplaced', { truth: mistake.truth.className });
  }
}
