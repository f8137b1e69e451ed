import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ImageOff, Play, Upload } from 'lucide-react';
import { useCallback, useEffect, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { mediaQuery, projectQuery } from '../data/queries.js';
import { useKeys } from '../frame/keys.js';
import { Button } from '../parts/button.js';
import { Empty } from '../parts/empty.js';
import { Failure } from '../parts/failure.js';
import { usualOpacity } from '../parts/label-overlay.js';
import type { DataSearch } from '../router.js';
import { DataHead } from './data/data-head.js';
import { DropTarget } from './data/drop-target.js';
import { FilterBar, sizes } from './data/filter-bar.js';
import { FirstPictures } from './data/first-pictures.js';
import { Inspector } from './data/inspector.js';
import { UploadTray } from './data/upload-tray.js';
import { uploadPictures } from './data/uploading.js';
import { Wall, type WallHandle } from './data/wall.js';
import { WallSkeleton } from './data/wall-skeleton.js';

const route = getRouteApi('/projects/$project/data');

/** A project's pictures. */
export function DataPage() {
  const { t } = useTranslation('data');
  const { project: name } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const project = useQuery(projectQuery(name));
  const filter = { class: search.class, labelled: search.labelled, search: search.q };
  const media = useInfiniteQuery(mediaQuery(name, filter));
  const items = useMemo(() => media.data?.pages.flatMap((page) => page.items) ?? [], [media.data]);
  const total = media.data?.pages.at(-1)?.total ?? 0;
  const at = items.findIndex(({ sha256 }) => sha256 === search.pic);
  const wall = useRef<WallHandle>(null);
  const fileField = useRef<HTMLInputElement>(null);
  const nameField = useRef<HTMLInputElement>(null);
  const size = Math.min(sizes.most, Math.max(sizes.least, search.size ?? sizes.usual));

  const opacity = Math.min(1, Math.max(0, search.opacity ?? usualOpacity));
  const change = useCallback(
    (next: Partial<DataSearch>, replace = true) => navigate({ search: (old) => ({ ...old, ...next }), replace }),
    [navigate],
  );
  const upload = useCallback((files: File[]) => void uploadPictures(client, name, files), [client, name]);
  const select = useCallback(
    (item: { sha256: string }) => change({ pic: item.sha256 }, search.pic !== undefined),
    [change, search.pic],
  );
  const step = (direction: 'left' | 'right' | 'up' | 'down') => {
    const next = items[at < 0 ? 0 : (wall.current?.step(at, direction) ?? at)];
    if (next) select(next);
  };
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = media;
  const near = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);

  // Pictures that others import (the command line, the sample) appear as the project's count moves.
  const count = project.data?.counts.media;
  const counted = useRef(count);
  useEffect(() => {
    if (counted.current !== undefined && count !== counted.current) {
      void client.invalidateQueries({ queryKey: ['media', name] });
      void client.invalidateQueries({ queryKey: ['media-count', name] });
    }
    counted.current = count;
  }, [count, client, name]);

  useKeys(t('keys'), [
    { keys: 'ArrowLeft', label: t('previous'), run: () => step('left') },
    { keys: 'ArrowRight', label: t('next'), run: () => step('right') },
    { keys: 'ArrowUp', label: t('rowUp'), run: () => step('up') },
    { keys: 'ArrowDown', label: t('rowDown'), run: () => step('down') },
    { keys: 'Escape', label: t('closeInspector'), run: () => change({ pic: undefined }) },
    { keys: 'b', label: t('showLabels'), run: () => change({ boxes: search.boxes === false ? undefined : false }) },
    { keys: '+', label: t('larger'), run: () => change({ size: Math.min(sizes.most, size + 48) }) },
    { keys: '-', label: t('smaller'), run: () => change({ size: Math.max(sizes.least, size - 48) }) },
    { keys: '/', label: t('filterName'), run: () => nameField.current?.focus() },
    { keys: 'u', label: t('addPictures'), run: () => fileField.current?.click() },
  ]);

  if (project.isError) {
    return <Failure error={project.error} what={t('projectFailed', { project: name })} onRetry={project.refetch} />;
  }
  const filtered = search.class !== undefined || search.labelled !== undefined || search.q !== undefined;
  const empty = project.data?.counts.media === 0 && total === 0;
  const place = at >= 0 ? t('place', { at: at + 1, total }) : undefined;
  return (
    <>
      <DataHead project={project.data} name={name}>
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
      <input
        ref={fileField}
        type="file"
        accept="image/*"
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
            <FilterBar project={project.data} search={search} change={change} searchField={nameField} />
          ) : (
            <div className="h-12 shrink-0 border-b border-line" />
          )}
          <div className="flex min-h-0 flex-1">
            {media.isPending ? (
              <WallSkeleton target={size} />
            ) : media.isError ? (
              <Failure error={media.error} what={t('picturesFailed')} onRetry={media.refetch} />
            ) : total === 0 ? (
              <Empty icon={ImageOff} text={filtered ? t('noneMatch') : t('none')}>
                <Button onClick={() => change({ class: undefined, labelled: undefined, q: undefined })}>
                  {t('showAll')}
                </Button>
              </Empty>
            ) : (
              <Wall
                project={name}
                items={items}
                total={total}
                target={size}
                selected={search.pic}
                showLabels={search.boxes !== false}
                opacity={opacity}
                handle={wall}
                onSelect={select}
                onNear={near}
              />
            )}
            {search.pic !== undefined && (
              <Inspector
                project={name}
                sha256={search.pic}
                known={items[at]}
                place={place}
                showLabels={search.boxes !== false}
                opacity={opacity}
                onOpacity={(value) => change({ opacity: value === usualOpacity ? undefined : value })}
                onStep={step}
                onClose={() => change({ pic: undefined })}
              />
            )}
          </div>
        </>
      )}
      <DropTarget text={t('dropHere', { project: name })} onFiles={upload} />
      <UploadTray />
    </>
  );
}
