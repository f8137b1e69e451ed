import type { MediaItem } from '@fovea/api';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { DatabaseZap, Globe, ImageOff, Play, SquareDashed, Upload } from 'lucide-react';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount } from '../catalogue/format.js';
import { isFiltered, noFilter, pickFilter, pickListing, toFilterQuery } from '../data/filter-search.js';
import { longestLoad } from '../data/media-pages.js';
import { listingQuery, projectQuery, refreshMedia, rememberView } from '../data/queries.js';
import { useKeys } from '../frame/keys.js';
import { toastFailed } from '../frame/toasts.js';
import { Button, IconButton } from '../parts/button.js';
import { Empty } from '../parts/empty.js';
import { Failure } from '../parts/failure.js';
import { usualOpacity } from '../parts/label-overlay.js';
import { Slider } from '../parts/slider.js';
import type { DataSearch } from '../router.js';
import { BulkBar } from './data/bulk-bar.js';
import { DataHead } from './data/data-head.js';
import { DropTarget } from './data/drop-target.js';
import { FirstPictures } from './data/first-pictures.js';
import { Inspector } from './data/inspector.js';
import { addMarks, countMarks, type Marks, noMarks, toggleMark } from './data/marks.js';
import { SqlDrawer } from './data/sql-drawer.js';
import { UploadTray } from './data/upload-tray.js';
import { acceptedFiles, uploadFiles } from './data/uploading.js';
import { type Choice, Wall, type WallHandle } from './data/wall.js';
import { WallSkeleton } from './data/wall-skeleton.js';
import { ExportMenu } from './filter/export-menu.js';
import { FilterBar } from './filter/filter-bar.js';
import { SortMenu } from './filter/sort-menu.js';
import { IngestCards } from './ingest/ingest-cards.js';
import { IngestPanel } from './ingest/ingest-panel.js';

const route = getRouteApi('/projects/$project/data');

/** Row heights the wall can have, in pixels. */
const sizes = { least: 72, usual: 168, most: 420, step: 12 } as const;

/** A project's pictures. */
export function DataPage() {
  const { t } = useTranslation(['data', 'filter', 'ingest']);
  const { project: name } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const project = useQuery(projectQuery(name));
  const asked = useStable(pickListing(search));
  const listing = useQuery(listingQuery(name, asked));
  const total = listing.data?.aspects.length ?? 0;
  const pages = listing.data?.pages;
  const at = search.pic === undefined ? undefined : (pages?.find(search.pic) ?? search.at);
  const inspected = at === undefined ? undefined : pages?.get(at);
  const wall = useRef<WallHandle>(null);
  const fileField = useRef<HTMLInputElement>(null);
  const nameField = useRef<HTMLInputElement>(null);
  const anchor = useRef(0);
  const size = Math.min(sizes.most, Math.max(sizes.least, search.size ?? sizes.usual));
  const opacity = Math.min(1, Math.max(0, search.opacity ?? usualOpacity));

  // What is marked is marked of these pictures, in whatever order: another filter begins anew.
  const of = `${name} ${JSON.stringify(pickFilter(asked))}`;
  const [marked, setMarked] = useState({ of, marks: noMarks });
  const marks = marked.of === of ? marked.marks : noMarks;
  const setMarks = (next: Marks) => setMarked({ of, marks: next });
  const count = countMarks(marks, total);

  const change = useCallback(
    (next: Partial<DataSearch>, replace = true) => navigate({ search: (old) => ({ ...old, ...next }), replace }),
    [navigate],
  );
  const upload = useCallback((files: File[]) => void uploadFiles(client, name, files), [client, name]);
  const inspect = (item: Pick<MediaItem, 'sha256'>, index: number) =>
    change({ pic: item.sha256, at: index || undefined }, search.pic !== undefined);
  const open = (item: Pick<MediaItem, 'sha256'>, index: number) =>
    navigate({
      to: '/projects/$project/pictures/$sha256',
      params: { project: name, sha256: item.sha256 },
      search: { ...asked, at: index, boxes: search.boxes, opacity: search.opacity },
    });
  /** Marks pictures by their places; those not here are fetched first. */
  const mark = async (from: number, to: number, indices?: readonly number[], base: Marks = marks) => {
    if (!pages || base.all) return;
    if (to - from + 1 > longestLoad || base.shas.size + (indices?.length ?? 0) > longestLoad) {
      const many = { count: longestLoad, text: formatCount(longestLoad) };
      return toastFailed(t('tooManyMarked', many), new Error(t('tooManyMarkedRemedy')));
    }
    try {
      const items = await pages.load(from, to + 1);
      setMarks(addMarks(base, indices ? indices.flatMap((index) => items[index - from] ?? []) : items));
    } catch (error) {
      toastFailed(t('rangeFailed'), error);
    }
  };
  const choose = (index: number, item: MediaItem, choice: Choice) => {
    if (choice === 'range') return void mark(Math.min(anchor.current, index), Math.max(anchor.current, index));
    anchor.current = index;
    if (choice === 'open') return void open(item, index);
    if (choice === 'one') return void inspect(item, index);
    if (!marks.all) return setMarks(toggleMark(marks, item.sha256));
    if (total > longestLoad) return;
    // All but one: the filter's pictures one by one from here on.
    void pages?.load(0, total).then((items) => setMarks(toggleMark(addMarks(noMarks, items), item.sha256)));
  };
  const step = async (direction: 'left' | 'right' | 'up' | 'down', isShift = false) => {
    if (!pages || total === 0) return;
    const next = at === undefined ? 0 : (wall.current?.step(at, direction) ?? at);
    const [item] = await pages.load(next, next + 1);
    if (!item) return;
    if (isShift) {
      if (marks === noMarks && at !== undefined) anchor.current = at;
      void mark(Math.min(anchor.current, next), Math.max(anchor.current, next), undefined, noMarks);
    }
    void inspect(item, next);
  };

  // Pictures that others import (the command line, the sample) appear as the project's count moves.
  const held = project.data?.counts.media;
  const counted = useRef(held);
  useEffect(() => {
    if (counted.current !== undefined && held !== counted.current) refreshMedia(client, name);
    counted.current = held;
  }, [held, client, name]);

  const letGo = () => (count > 0 ? setMarks(noMarks) : change({ pic: undefined, at: undefined }));
  useKeys(t('keys'), [
    { keys: 'ArrowLeft', label: t('previous'), run: (event) => void step('left', event.shiftKey) },
    { keys: 'ArrowRight', label: t('next'), run: (event) => void step('right', event.shiftKey) },
    { keys: 'ArrowUp', label: t('rowUp'), run: (event) => void step('up', event.shiftKey) },
    { keys: 'ArrowDown', label: t('rowDown'), run: (event) => void step('down', event.shiftKey) },
    { keys: 'Enter', label: t('openPicture'), run: () => inspected && at !== undefined && void open(inspected, at) },
    {
      keys: 'x',
      label: t('toggleMark'),
      run: () => inspected && at !== undefined && choose(at, inspected, 'toggle'),
    },
    { keys: 'mod+a', label: t('markAll'), run: () => total > 0 && setMarks({ all: true }) },
    { keys: 'Escape', label: t('closeInspector'), run: letGo },
    { keys: 'b', label: t('showLabels'), run: () => change({ boxes: search.boxes === false ? undefined : false }) },
    { keys: '+', label: t('larger'), run: () => change({ size: Math.min(sizes.most, size + 48) }) },
    { keys: '-', label: t('smaller'), run: () => change({ size: Math.max(sizes.least, size - 48) }) },
    { keys: '/', label: t('filterName'), run: () => nameField.current?.focus() },
    { keys: 'q', label: t('askSql'), run: () => change({ ask: search.ask ? undefined : true }) },
    { keys: 'u', label: t('addPictures'), run: () => fileField.current?.click() },
  ]);

  if (project.isError) {
    return <Failure error={project.error} what={t('projectFailed', { project: name })} onRetry={project.refetch} />;
  }
  const empty = project.data?.counts.media === 0 && total === 0 && !isFiltered(asked);
  const filter = toFilterQuery(asked);
  const target =
    count > 0
      ? marks.all
        ? filter
        : { sha256: [...marks.shas] }
      : search.pic === undefined
        ? undefined
        : { sha256: [search.pic] };
  return (
    <>
      <DataHead project={project.data} name={name} search={search}>
        <Button
          tone="quiet"
          aria-expanded={search.from === true}
          onClick={() => change({ from: search.from ? undefined : true })}
        >
          <Globe aria-hidden />
          {t('ingest:fromShort')}
        </Button>
        <Button onClick={() => fileField.current?.click()}>
          <Upload aria-hidden />
          {t('addPictures')}
        </Button>
        {!empty && (
          <Button
            tone="primary"
            onClick={() => navigate({ to: '/projects/$project/train', params: { project: name } })}
          >
            <Play aria-hidden />
            {t('train')}
          </Button>
        )}
      </DataHead>
      {search.from && <IngestPanel project={name} onClose={() => change({ from: undefined })} />}
      <input
        ref={fileField}
        type="file"
        accept={acceptedFiles}
        multiple
        hidden
        data-upload
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          event.target.value = '';
          if (files.length > 0) upload(files);
        }}
      />
      {empty ? (
        <FirstPictures project={name} onChoose={() => fileField.current?.click()} />
      ) : (
        <>
          {project.data ? (
            <FilterBar
              project={project.data}
              search={search}
              change={(next) => change({ ...next, pic: undefined, at: undefined })}
              searchField={nameField}
              total={listing.data && total}
            >
              <SortMenu sort={search.sort} onChange={(sort) => change({ sort, at: undefined })} />
              <ExportMenu
                project={name}
                note={t('filter:exportNote')}
                disabled={total === 0}
                wanted={() => ({ filter, sort: asked.sort })}
              />
              <IconButton
                label={t('askSql')}
                keys="q"
                pressed={search.ask === true}
                onClick={() => change({ ask: search.ask ? undefined : true })}
              >
                <DatabaseZap aria-hidden />
              </IconButton>
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
                className="w-28"
                value={size}
                min={sizes.least}
                max={sizes.most}
                step={sizes.step}
                onChange={(next) => change({ size: next === sizes.usual ? undefined : next })}
              />
            </FilterBar>
          ) : (
            <div className="h-22 shrink-0 border-b border-line" />
          )}
          <div className="flex min-h-0 flex-1">
            <div className="relative flex min-h-0 min-w-0 flex-1 flex-col">
              {listing.isPending ? (
                <WallSkeleton target={size} />
              ) : listing.isError ? (
                <div className="min-h-0 flex-1 overflow-y-auto">
                  <Failure error={listing.error} what={t('picturesFailed')} onRetry={listing.refetch} />
                  <div className="-mt-6 flex justify-center pb-6">
                    <Button onClick={() => change(noFilter)}>{t('showAll')}</Button>
                  </div>
                </div>
              ) : total === 0 ? (
                <Empty icon={ImageOff} text={isFiltered(asked) ? t('noneMatch') : t('none')}>
                  <Button onClick={() => change(noFilter)}>{t('showAll')}</Button>
                </Empty>
              ) : (
                <Wall
                  project={name}
                  listing={listing.data}
                  isOld={listing.isPlaceholderData}
                  target={size}
                  selected={search.pic}
                  selectedAt={at}
                  marks={marks}
                  showLabels={search.boxes !== false}
                  opacity={opacity}
                  handle={wall}
                  onChoose={choose}
                  onLasso={(indices, add) => {
                    if (indices.length === 0) return add ? undefined : setMarks(noMarks);
                    void mark(indices[0]!, indices.at(-1)!, indices, add ? marks : noMarks);
                  }}
                  onView={(index) => rememberView(name, asked, index)}
                />
              )}
              <BulkBar
                project={name}
                count={count || (target ? 1 : 0)}
                target={target}
                isShown={count > 0}
                onClear={() => setMarks(noMarks)}
                onRemoved={() => {
                  setMarks(noMarks);
                  if (search.pic !== undefined) void change({ pic: undefined, at: undefined });
                }}
              />
            </div>
            {search.pic !== undefined && (
              <Inspector
                project={name}
                sha256={search.pic}
                known={inspected?.sha256 === search.pic ? inspected : undefined}
                place={at === undefined ? undefined : t('place', { at: at + 1, total })}
                showLabels={search.boxes !== false}
                opacity={opacity}
                onOpacity={(value) => change({ opacity: value === usualOpacity ? undefined : value })}
                onStep={(direction) => void step(direction)}
                onOpen={(item) => void open(item, at ?? 0)}
                onClose={() => change({ pic: undefined, at: undefined })}
              />
            )}
          </div>
          {search.ask && (
            <SqlDrawer
              key={name}
              project={name}
              sql={search.sql}
              onShow={(sql) => change({ ...noFilter, sql, sort: undefined, pic: undefined, at: undefined })}
              onClose={() => change({ ask: undefined })}
            />
          )}
        </>
      )}
      <DropTarget text={t('dropHere', { project: name })} onFiles={upload} />
      <UploadTray />
      <IngestCards project={name} />
    </>
  );
}

/** The same object for as long as it says the same. */
function useStable<T extends object>(value: T): T {
  const key = JSON.stringify(value);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the value.
  return useMemo(() => value, [key]);
}
