import type { MediaAction, MediaItem } from '@fovea/api';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { ArrowLeft, BadgeCheck, ChevronLeft, ChevronRight, Plus, X } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount, formatMoment } from '../catalogue/format.js';
import { api } from '../data/api.js';
import { pickListing } from '../data/filter-search.js';
import { changePictures } from '../data/media-actions.js';
import { placeQuery } from '../data/picture-place.js';
import { facetsQuery, factsQuery, pictureQuery, projectQuery } from '../data/queries.js';
import { useKeys } from '../frame/keys.js';
import { BoxOverlay } from '../parts/box-overlay.js';
import { IconButton } from '../parts/button.js';
import { Failure } from '../parts/failure.js';
import { usualOpacity } from '../parts/label-overlay.js';
import { LabelledPicture } from '../parts/labelled-picture.js';
import type { PictureSearch } from '../router.js';
import { BulkBar } from './data/bulk-bar.js';
import { Boxes, Classes, labelState, Pixels } from './data/labels.js';
import { TagPicker } from './data/tag-picker.js';
import { Facts, Group } from './picture/facts.js';
import { Predictions, type ShownPrediction, shownPredictions } from './picture/predictions.js';
import { readRegion } from './similar/region.js';
import { RegionPicker } from './similar/region-picker.js';
import { SimilarPanel } from './similar/similar-panel.js';

const route = getRouteApi('/projects/$project/pictures/$sha256');

/** One picture, large, with everything known of it; arrows go through the listing it was opened from. */
export function PicturePage() {
  const { t } = useTranslation(['picture', 'data', 'frame', 'similar']);
  const { project, sha256 } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const listing = pickListing(search);
  const place = useQuery(placeQuery(project, listing, search.at, sha256));
  const here = place.data?.item.sha256 === sha256 ? place.data : null;
  const fetched = useQuery({ ...pictureQuery(project, sha256), initialData: here?.item });
  const known = useQuery(factsQuery(project, sha256));
  const classes = useQuery(projectQuery(project)).data?.classes;
  const item = fetched.data;
  const opacity = Math.min(1, Math.max(0, search.opacity ?? usualOpacity));
  const showLabels = search.boxes !== false;

  const [lit, setLit] = useState<number | null>(null);
  const [off, setOff] = useState<ReadonlySet<string>>(new Set());
  const [least, setLeast] = useState(0.25);
  const [litPrediction, setLitPrediction] = useState<ShownPrediction | null>(null);
  const [showPredictions, setShowPredictions] = useState(true);
  const predictions = useMemo(
    () => shownPredictions(known.data?.predictions ?? [], classes ?? []),
    [known.data, classes],
  );
  const drawn = useMemo(
    () =>
      predictions.filter(
        (one) => one.box !== null && one.confidence >= least && !off.has(one.model) && showPredictions,
      ),
    [predictions, least, off, showPredictions],
  );

  const region = readRegion(search.region);
  const [isDrawing, setDrawing] = useState(false);
  const change = (next: Partial<PictureSearch>) => navigate({ search: (old) => ({ ...old, ...next }), replace: true });
  const go = (to: MediaItem | undefined, at: number) =>
    to &&
    navigate({
      params: { project, sha256: to.sha256 },
      search: (old) => ({ ...old, at, region: undefined }),
      replace: true,
    });
  const back = { ...listing, pic: sha256, at: here?.at || undefined, boxes: search.boxes, opacity: search.opacity };
  const leave = () => navigate({ to: '/projects/$project/data', params: { project }, search: back });
  useEffect(() => {
    document.title = `${item?.name ?? ''} · Fovea`;
  }, [item?.name]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was pointed at belongs to the picture before.
  useEffect(() => {
    setLit(null);
    setLitPrediction(null);
    setDrawing(false);
  }, [sha256]);
  // The pictures on both sides are there before they are asked for.
  useEffect(() => {
    for (const near of [here?.next, here?.previous]) {
      if (!near) continue;
      new Image().src = api.contentUrl(project, near.sha256);
      void client.prefetchQuery(factsQuery(project, near.sha256));
    }
  }, [here, project, client]);

  useKeys(t('keys'), [
    { keys: 'ArrowLeft', label: t('data:previous'), run: () => here && void go(here.previous, here.at - 1) },
    { keys: 'ArrowRight', label: t('data:next'), run: () => here && void go(here.next, here.at + 1) },
    { keys: 'Escape', label: t('backToWall'), run: () => void leave() },
    { keys: 'b', label: t('data:showLabels'), run: () => void change({ boxes: showLabels ? false : undefined }) },
    {
      keys: 'm',
      label: t('similar:title'),
      run: () => void change({ like: search.like === undefined ? 'any' : undefined, region: undefined }),
    },
    { keys: 'p', label: t('showPredictions'), run: () => setShowPredictions(!showPredictions) },
  ]);

  if (fetched.isError && !item) {
    return <Failure error={fetched.error} what={t('data:pictureFailed')} onRetry={fetched.refetch} />;
  }
  return (
    <>
      <header className="flex h-14 shrink-0 items-center gap-2 border-b border-line px-4">
        <Link
          to="/projects/$project/data"
          params={{ project }}
          search={back}
          aria-label={t('backToWall')}
          title={t('backToWall')}
          className="inline-flex size-8 shrink-0 items-center justify-center rounded-md text-ink-2 hover:bg-hover hover:text-ink"
        >
          <ArrowLeft className="size-4" aria-hidden />
        </Link>
        <h1 className="min-w-0 flex-1 truncate text-16 font-semibold">{item?.name ?? ' '}</h1>
        <span className="px-2 text-12 whitespace-nowrap text-ink-3">
          {here && t('data:place', { at: formatCount(here.at + 1), total: formatCount(here.total) })}
        </span>
        <IconButton
          label={t('data:previous')}
          keys="ArrowLeft"
          disabled={!here?.previous}
          onClick={() => here && void go(here.previous, here.at - 1)}
        >
          <ChevronLeft aria-hidden />
        </IconButton>
        <IconButton
          label={t('data:next')}
          keys="ArrowRight"
          disabled={!here?.next}
          onClick={() => here && void go(here.next, here.at + 1)}
        >
          <ChevronRight aria-hidden />
        </IconButton>
      </header>
      <div className="relative flex min-h-0 flex-1 max-md:flex-col max-md:overflow-y-auto">
        <div className="flex min-h-0 min-w-0 flex-1 items-center justify-center bg-sunken p-4 max-md:flex-none max-md:p-0">
          {item ? (
            <LabelledPicture
              key={sha256}
              project={project}
              item={item}
              showLabels={showLabels}
              opacity={opacity}
              lit={lit}
              namesUpTo={20}
              maxHeight="(100dvh - 5.5rem)"
            >
              <BoxOverlay
                width={item.width}
                height={item.height}
                boxes={drawn}
                lit={litPrediction ? drawn.indexOf(litPrediction) : null}
                line={2}
                dashed
              />
              <RegionPicker
                width={item.width}
                height={item.height}
                region={region}
                isDrawing={isDrawing}
                onRegion={(drawn) => {
                  setDrawing(false);
                  void change({ region: drawn.join(',') });
                }}
              />
            </LabelledPicture>
          ) : (
            <div className="skeleton aspect-3/2 w-full max-w-3xl" />
          )}
        </div>
        <aside
          aria-label={t('data:inspector')}
          className="w-[clamp(20rem,28vw,30rem)] shrink-0 overflow-y-auto border-l border-line bg-surface max-md:w-full max-md:overflow-visible max-md:border-0"
        >
          <SimilarPanel
            project={project}
            item={{ sha256 }}
            model={search.like}
            region={region}
            isDrawing={isDrawing}
            onModel={(like) => {
              setDrawing(false);
              void change({ like, ...(like === undefined && { region: undefined }) });
            }}
            onRegion={() => void change({ region: undefined })}
            onDrawing={setDrawing}
            onOpen={(other) =>
              void navigate({ params: { project, sha256: other.sha256 }, search: { like: search.like } })
            }
          />
          {/* All at once, so that nothing moves when the facts come after the labels. */}
          {!item || known.isPending ? (
            <div className="skeleton m-4 h-[calc(100%-2rem)] min-h-96" aria-busy="true" />
          ) : (
            <>
              {item.removedAt && (
                <p className="border-b border-line bg-warn-soft p-4 text-warn">
                  {t('removed', { when: formatMoment(item.removedAt) })}
                </p>
              )}
              <Standing project={project} item={item} />
              {item.classes.length > 0 && <Classes item={item} />}
              {item.labelMap && (
                <Pixels
                  item={item}
                  map={item.labelMap}
                  opacity={opacity}
                  onOpacity={(value) => void change({ opacity: value === usualOpacity ? undefined : value })}
                />
              )}
              {(item.boxed || !item.labelled) && (
                <div className="border-b border-line">
                  <Boxes item={item} lit={lit} onLit={setLit} />
                </div>
              )}
              <Predictions
                all={predictions}
                off={off}
                least={least}
                lit={litPrediction}
                onToggle={(model) => {
                  const next = new Set(off);
                  if (!next.delete(model)) next.add(model);
                  setOff(next);
                }}
                onLeast={setLeast}
                onLit={setLitPrediction}
              />
              {known.isError && <Failure error={known.error} what={t('factsFailed')} onRetry={known.refetch} />}
              {known.data && <Facts project={project} item={item} known={known.data} />}
            </>
          )}
        </aside>
        {item && !item.removedAt && (
          <BulkBar
            project={project}
            count={1}
            target={{ sha256: [sha256] }}
            isShown={false}
            onClear={() => undefined}
            onRemoved={() => void (here?.next ? go(here.next, here.at) : leave())}
          />
        )}
      </div>
    </>
  );
}

/** How the picture stands in the project: its labels in a word, whether somebody reviewed it, its split, its tags. */
function Standing({ project, item }: { project: string; item: MediaItem }) {
  const { t } = useTranslation(['picture', 'data', 'filter', 'frame']);
  const { t: ofData } = useTranslation('data');
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const tags = useQuery({ ...facetsQuery(project, {}), enabled: open }).data?.values.tags ?? [];
  const run = (action: MediaAction['action']) => {
    const tag = 'tag' in action ? action.tag : '';
    const split =
      action.kind === 'split' ? (action.split ? t(`filter:splits.${action.split}`) : t('filter:noSplit')) : '';
    return changePictures(client, project, { sha256: [item.sha256] }, action, {
      done: (changed) => t(`data:did.${action.kind}`, { count: changed, text: formatCount(changed), tag, split }),
      none: t('data:didNothing'),
      failed: t('data:actionFailed'),
      undo: t('frame:undo'),
      undone: (changed) => t('data:undone', { count: changed, text: formatCount(changed) }),
      undoFailed: t('data:undoFailed'),
    });
  };
  return (
    <Group title={t('labels')} note={labelState(ofData, item)}>
      <div className="flex flex-wrap items-center gap-2">
        <button
          type="button"
          aria-pressed={item.reviewed}
          onClick={() => void run({ kind: item.reviewed ? 'unreview' : 'review' })}
          className="inline-flex h-7 items-center gap-1.5 rounded-md border border-line px-2.5 text-ink-2 hover:bg-hover aria-pressed:border-good aria-pressed:bg-good-soft aria-pressed:text-good"
        >
          <BadgeCheck className="size-4" aria-hidden />
          {t('data:markReviewed')}
        </button>
        <select
          aria-label={t('data:setSplit')}
          className="field h-7 w-auto py-0"
          value={item.split ?? ''}
          onChange={(event) =>
            void run({ kind: 'split', split: (event.target.value || null) as 'train' | 'val' | 'test' | null })
          }
        >
          <option value="">{t('filter:noSplit')}</option>
          {(['train', 'val', 'test'] as const).map((split) => (
            <option key={split} value={split}>
              {t(`filter:splits.${split}`)}
            </option>
          ))}
        </select>
      </div>
      <ul className="mt-3 flex flex-wrap items-center gap-2" aria-label={t('data:tags')}>
        {item.tags.map((tag) => (
          <li
            key={tag}
            className="inline-flex h-7 max-w-full items-center gap-1 rounded-md bg-accent-soft pr-1 pl-2.5 text-accent"
          >
            <span className="truncate">{tag}</span>
            <button
              type="button"
              aria-label={t('removeTag', { tag })}
              onClick={() => void run({ kind: 'untag', tag })}
              className="flex size-5 items-center justify-center rounded-sm hover:bg-hover"
            >
              <X className="size-3.5" aria-hidden />
            </button>
          </li>
        ))}
        <li>
          <TagPicker
            trigger={
              <button
                type="button"
                className="inline-flex h-7 items-center gap-1 rounded-md border border-dashed border-line-field px-2 text-ink-2 hover:bg-hover hover:text-ink"
              >
                <Plus className="size-3.5" aria-hidden />
                {t('addTag')}
              </button>
            }
            label={t('addTag')}
            known={tags}
            isNewAllowed
            open={open}
            onOpenChange={setOpen}
            onPick={(tag) => void run({ kind: 'tag', tag })}
          />
        </li>
      </ul>
    </Group>
  );
}
