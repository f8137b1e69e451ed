import type { MediaItem } from '@fovea/api';
import type { TFunction } from 'i18next';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../data/api.js';
import { BoxOverlay } from '../../parts/box-overlay.js';
import { ClassChips } from '../../parts/class-chips.js';
import { LabelOverlay } from '../../parts/label-overlay.js';

/** One picture of the wall: a button of exactly its size, whatever has arrived of it. */
export const Tile = memo(function Tile({
  project,
  item,
  width,
  height,
  selected,
  entry,
  showLabels,
  opacity,
  onSelect,
}: {
  project: string;
  item: MediaItem;
  width: number;
  height: number;
  selected: boolean;
  /** Whether Tab stops here: the wall is one stop, arrows move within it. */
  entry: boolean;
  showLabels: boolean;
  /** Of label maps, 0 to 1. */
  opacity: number;
  onSelect: (item: MediaItem) => void;
}) {
  const { t } = useTranslation('data');
  // The stored thumbnail is small; a large tile shows the picture itself.
  const large = Math.max(width, height) > 400;
  return (
    <button
      type="button"
      data-tile={item.sha256}
      tabIndex={entry ? 0 : -1}
      aria-pressed={selected}
      aria-label={tileName(t, item)}
      onClick={() => onSelect(item)}
      className="relative shrink-0 overflow-hidden rounded-sm bg-sunken focus-visible:outline-offset-[-3px] aria-pressed:outline-3 aria-pressed:outline-offset-[-3px] aria-pressed:outline-accent"
      style={{ width, height, contain: 'strict' }}
    >
      <img
        src={large ? api.contentUrl(project, item.sha256) : api.thumbnailUrl(project, item.sha256)}
        alt=""
        draggable={false}
        decoding="async"
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
    </button>
  );
});

/** What a tile is to those who do not see it: its name and what it is labelled as. */
function tileName(t: TFunction<'data'>, { name, annotations, classes, labelMap }: MediaItem): string {
  const labels = [
    ...classes.map(({ className }) => className),
    ...(labelMap ? [t('tileMap')] : []),
    ...(annotations.length > 0 || (classes.length === 0 && !labelMap)
      ? [t('boxCount', { count: annotations.length })]
      : []),
  ];
  return `${name}, ${labels.join(', ')}`;
}
