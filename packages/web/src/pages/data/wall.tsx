import type { MediaItem } from '@fovea/api';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { range } from '../../parts/range.js';
import { justify, neighbour } from './justify.js';
import { Tile } from './tile.js';

const gap = 4;
const edge = 24;

/** What the page's keys move the wall with. */
export interface WallHandle {
  /** The picture one step from another: its neighbour in reading order, or the nearest one in the next row. */
  step(from: number, direction: 'left' | 'right' | 'up' | 'down'): number;
}

/**
 * A justified wall of pictures, of which only those near the window are in the page. Pictures not loaded yet keep their
 * room, so the scroll bar tells the truth about `total` and nothing moves when they come.
 */
export function Wall({
  project,
  items,
  total,
  target,
  selected,
  showLabels,
  opacity,
  handle,
  onSelect,
  onNear,
}: {
  project: string;
  items: readonly MediaItem[];
  total: number;
  /** Row height aimed at, in pixels. */
  target: number;
  selected: string | undefined;
  showLabels: boolean;
  /** Of label maps, 0 to 1. */
  opacity: number;
  handle: React.RefObject<WallHandle | null>;
  onSelect: (item: MediaItem) => void;
  /** Called while the end of what is loaded is near the window. */
  onNear: () => void;
}) {
  const { t } = useTranslation('data');
  const scroller = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = scroller.current!;
    const measure = () => setWidth(element.clientWidth - 2 * (element.clientWidth < 480 ? 16 : edge));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const rows = useMemo(
    () =>
      justify(
        items.map((item) => item.width / item.height),
        width,
        target,
        gap,
      ),
    [items, width, target],
  );
  const missing = total - items.length;
  const perRow = rows.length > 1 ? items.length / rows.length : Math.max(1, width / (target * 1.4));
  const count = rows.length + Math.ceil(missing / perRow);
  const virtual = useVirtualizer({
    count: width > 0 ? count : 0,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (rows[index]?.height ?? target) + gap,
    overscan: 4,
    paddingStart: 4,
    paddingEnd: 24,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: new rows mean new heights.
  useLayoutEffect(() => virtual.measure(), [rows, virtual]);

  handle.current = {
    step: (from, direction) => {
      if (direction === 'left') return Math.max(0, from - 1);
      if (direction === 'right') return Math.min(items.length - 1, from + 1);
      return neighbour(rows, from, direction === 'up' ? -1 : 1, gap);
    },
  };

  const visible = virtual.getVirtualItems();
  const last = visible.at(-1)?.index ?? 0;
  useEffect(() => {
    if (missing > 0 && last >= rows.length - 6) onNear();
  }, [last, rows.length, missing, onNear]);

  // The selected picture stays in sight, when keys move it and when the inspector makes the wall narrower.
  useEffect(() => {
    const at = selected === undefined ? -1 : items.findIndex(({ sha256 }) => sha256 === selected);
    const row = rows.findIndex(({ start, widths }) => at >= start && at < start + widths.length);
    if (at >= 0 && row >= 0) virtual.scrollToIndex(row, { align: 'auto' });
    const focused = document.activeElement;
    if (at >= 0 && focused instanceof HTMLElement && focused.dataset.tile && focused.dataset.tile !== selected) {
      requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-tile="${selected}"]`)?.focus());
    }
  }, [selected, rows, items, virtual]);

  const select = useCallback((item: MediaItem) => onSelect(item), [onSelect]);
  const entry = selected ?? items[0]?.sha256;
  return (
    <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto [scrollbar-gutter:stable]">
      {/* biome-ignore lint/a11y/useSemanticElements: rows are set by width, not by a table's columns. */}
      <div
        role="group"
        aria-label={t('wall', { count: total })}
        className="relative mx-auto"
        style={{ height: virtual.getTotalSize(), width }}
      >
        {visible.map(({ index, start }) => {
          const row = rows[index];
          return (
            <div key={index} className="absolute left-0 flex" style={{ top: start, gap, width }}>
              {row
                ? row.widths.map((tileWidth, offset) => {
                    const item = items[row.start + offset]!;
                    return (
                      <Tile
                        key={item.sha256}
                        project={project}
                        item={item}
                        width={tileWidth}
                        height={row.height}
                        selected={item.sha256 === selected}
                        entry={item.sha256 === entry}
                        showLabels={showLabels}
                        opacity={opacity}
                        onSelect={select}
                      />
                    );
                  })
                : range(Math.round(perRow)).map((tile) => (
                    <div key={tile} className="flex-1 rounded-sm bg-sunken" style={{ height: target }} />
                  ))}
            </div>
          );
        })}
      </div>
    </div>
  );
}
