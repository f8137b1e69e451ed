import type { MediaItem } from '@fovea/api';
import type { TFunction } from 'i18next';
import { Check } from 'lucide-react';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { formatSpan } from '../../catalogue/format.js';
import { api } from '../../data/api.js';
import { BoxOverlay } from '../../parts/box-overlay.js';
import { ClassChips } from '../../parts/class-chips.js';
import { LabelOverlay } from '../../parts/label-overlay.js';

/** One picture of the wall: a button of exactly its size, whatever has arrived of it, and a mark to choose it by. */
export const Tile = memo(function Tile({
  project,
  item,
  index,
  left,
  width,
  height,
  selected,
  marked,
  marking,
  entry,
  showLabels,
  opacity,
}: {
  project: string;
  item: MediaItem;
  /** Its place in the listing; the wall knows by it what was pointed at. */
  index: number;
  left: number;
  width: number;
  height: number;
  /** It is the one in the inspector. */
  selected: boolean;
  /** It is among those that something will be done to. */
  marked: boolean;
  /** Some are marked: all show whether they are. */
  marking: boolean;
  /** Whether Tab stops here: the wall is one stop, arrows move within it. */
  entry: boolean;
  showLabels: boolean;
  /** Of label maps, 0 to 1. */
  opacity: number;
}) {
  const { t } = useTranslation('data');
  // The stored thumbnail is small; a large tile shows the picture itself.
  const large = Math.max(width, height) > 400;
  return (
    <div className="group absolute top-0" style={{ left, width, height, contain: 'strict' }} data-index={index}>
      <button
        type="button"
        data-tile={item.sha256}
        tabIndex={entry ? 0 : -1}
        aria-pressed={selected}
        aria-label={tileName(t, item, marked)}
        className="absolute inset-0 isolate overflow-hidden rounded-sm bg-sunken focus-visible:outline-offset-[-3px] aria-pressed:outline-3 aria-pressed:outline-offset-[-3px] aria-pressed:outline-accent"
      >
        <img
          ref={stopLoading}
          src={large ? api.contentUrl(project, item.sha256) : api.thumbnailUrl(project, item.sha256)}
          alt=""
          draggable={false}
          decoding="async"
          // Bytes that are gone leave an empty tile, and not a browser's own mark.
          onError={(event) => event.currentTarget.classList.add('invisible')}
          onLoad={(event) => event.currentTarget.classList.remove('invisible')}
          className="absolute inset-0 -z-20 size-full object-cover"
        />
        {showLabels && item.labelMap && (
          <LabelOverlay
            src={api.labelMapUrl(project, item.sha256, item.labelMap.sha256)}
            opacity={opacity}
            // Behind the tile's own outline, which says that it is selected.
            className="-z-10"
          />
        )}
        {showLabels && item.annotations.length > 0 && (
          <BoxOverlay width={item.width} height={item.height} boxes={item.annotations} line={height < 120 ? 1 : 1.5} />
        )}
        {showLabels && height >= 96 && <ClassChips classes={item.classes} most={width < 180 ? 1 : 2} />}
        {item.video && height >= 96 && item.classes.length === 0 && (
          <span className="absolute right-1 bottom-1 rounded-[3px] bg-[#000c] px-1.5 text-12 font-medium text-white">
            {formatSpan(item.video.timeSeconds)}
          </span>
        )}
        {marked && <span className="absolute inset-0 rounded-sm bg-accent/25 ring-2 ring-accent ring-inset" />}
      </button>
      {/* What it does has a key of its own, so that it is no stop for Tab. */}
      <span
        data-mark
        aria-hidden="true"
        className={`absolute top-1.5 left-1.5 flex size-5 cursor-pointer items-center justify-center rounded-full border-2 border-white shadow-[0_0_3px_#0009] transition-opacity ${marked ? 'bg-accent text-on-accent' : 'bg-[#0006] text-transparent hover:text-white'} ${marking ? '' : 'opacity-0 group-hover:opacity-100'}`}
      >
        <Check className="size-3.5" strokeWidth={3} />
      </span>
    </div>
  );
});

/** A picture that has left the page is not worth the line it is loaded over. */
function stopLoading(image: HTMLImageElement | null) {
  if (!image) return;
  return () => {
    if (!image.complete) image.removeAttribute('src');
  };
}

/** What a tile is to those who do not see it: its name and what it is labelled as. */
function tileName(t: TFunction<'data'>, { name, annotations, classes, labelMap }: MediaItem, marked: boolean): string {
  const labels = [
    ...classes.map(({ className }) => className),
    ...(labelMap ? [t('tileMap')] : []),
    ...(annotations.length > 0 || (classes.length === 0 && !labelMap)
      ? [t('boxCount', { count: annotations.length })]
      : []),
    ...(marked ? [t('isMarked')] : []),
  ];
  return `${name}, ${labels.join(', ')}`;
}
