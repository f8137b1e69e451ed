import type { MediaItem } from '@fovea/api';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../data/api.js';
import { BoxOverlay } from '../../parts/box-overlay.js';

/** One picture of the wall: a button of exactly its size, whatever has arrived of it. */
export const Tile = memo(function Tile({
  project,
  item,
  width,
  height,
  selected,
  entry,
  showBoxes,
  onSelect,
}: {
  project: string;
  item: MediaItem;
  width: number;
  height: number;
  selected: boolean;
  /** Whether Tab stops here: the wall is one stop, arrows move within it. */
  entry: boolean;
  showBoxes: boolean;
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
      aria-label={t('tile', { name: item.name, count: item.annotations.length })}
      onClick={() => onSelect(item)}
      className="relative shrink-0 overflow-hidden rounded-sm bg-sunken focus-visible:outline-offset-[-3px] aria-pressed:outline-3 aria-pressed:outline-offset-[-3px] aria-pressed:outline-accent"
      style={{ width, height, contain: 'strict' }}
    >
      <img
        src={large ? api.contentUrl(project, item.sha256) : api.thumbnailUrl(project, item.sha256)}
        alt=""
        draggable={false}
        decoding="async"
        className="size-full object-cover"
      />
      {showBoxes && item.annotations.length > 0 && (
        <BoxOverlay width={item.width} height={item.height} boxes={item.annotations} line={height < 120 ? 1 : 1.5} />
      )}
    </button>
  );
});
