import type { MediaItem } from '@fovea/api';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import type { Listing } from '../../data/queries.js';
import { Button } from '../../parts/button.js';
import { describeError } from '../../parts/failure.js';
import { heightOf, justify, neighbour, placeRow, rowAt, rowOf, touchedBy, type WallLayout } from './justify.js';
import { isMarked, type Marks } from './marks.js';
import { createScaledScroll, type ScaledScroll } from './scaled-scroll.js';
import { Tile } from './tile.js';
import { useLasso } from './use-lasso.js';

const gap = 4;
const edge = 24;
/** Above the first row and below the last one, where the bar of actions may stand. */
const [padTop, padBottom] = [4, 88];
/** Pixels above and below the window that are drawn too. */
const beyond = 500;
/** How long a leap must rest before pictures are fetched: a scroll bar on its way passes thousands. */
const restMs = 70;

/** What the page's keys move the wall with. */
export interface WallHandle {
  /** The picture one step from another: its neighbour in reading order, or the nearest one in the next row. */
  step(from: number, direction: 'left' | 'right' | 'up' | 'down'): number;
  /** Brings a picture into sight. */
  show(index: number): void;
}

/** How a picture was chosen: `one` alone, `toggle` it among others, `range` up to it, or `open` its page. */
export type Choice = 'one' | 'toggle' | 'range' | 'open';

/** What of the wall is drawn: rows from `first` to `last`; `offset` is what the scroll position lacks of the place. */
interface Window {
  readonly first: number;
  readonly last: number;
  readonly offset: number;
  /** In the midst of a leap: nothing is worth its picture yet. */
  readonly leaping: boolean;
}

/**
 * A justified wall of pictures, of which only those near the window are in the page. Where each one stands is known
 * before any is loaded, a million of them too, so the scroll bar tells the truth and nothing moves when they come.
 */
export function Wall({
  project,
  listing,
  isOld,
  target,
  selected,
  selectedAt,
  marks,
  showLabels,
  opacity,
  handle,
  onChoose,
  onLasso,
  onView,
}: {
  project: string;
  listing: Listing;
  /** Another listing is on its way. */
  isOld: boolean;
  /** Row height aimed at, in pixels. */
  target: number;
  selected: string | undefined;
  selectedAt: number | undefined;
  marks: Marks;
  showLabels: boolean;
  /** Of label maps, 0 to 1. */
  opacity: number;
  handle: React.RefObject<WallHandle | null>;
  onChoose: (index: number, item: MediaItem, choice: Choice) => void;
  /** Pictures a rectangle was drawn over; `add` to those marked. */
  onLasso: (indices: readonly number[], add: boolean) => void;
  /** The first picture in view. */
  onView: (index: number) => void;
}) {
  const { t } = useTranslation(['data', 'frame']);
  const { aspects, pages } = listing;
  const scroller = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, view: 0 });
  useLayoutEffect(() => {
    const element = scroller.current!;
    const measure = () =>
      setSize({
        width: element.clientWidth - 2 * (element.clientWidth < 480 ? 16 : edge),
        view: element.clientHeight,
      });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useSyncExternalStore(pages.subscribe, pages.version);

  const layout = useMemo(() => justify(aspects, size.width, target, gap), [aspects, size.width, target]);
  const scroll = useRef<ScaledScroll>(createScaledScroll(0, 0));
  const shown = useRef<WallLayout>(layout);
  const place = useRef(0);
  const [window, setWindow] = useState<Window>({ first: 0, last: -1, offset: 0, leaping: false });
  const rest = useRef<ReturnType<typeof setTimeout>>(undefined);
  const current = useRef({ layout, view: size.view, pages, onView });
  current.current = { layout, view: size.view, pages, onView };

  /** Draws what is at a place of the wall; pictures are fetched at once, or when the leap has come to rest. */
  const look = useCallback((at: number, leaping: boolean) => {
    const { layout, view } = current.current;
    place.current = at;
    if (layout.rows === 0) return;
    const first = rowAt(layout, at - padTop - beyond);
    const last = rowAt(layout, at - padTop + view + beyond);
    const { offset } = scroll.current;
    setWindow((old) =>
      old.first === first && old.last === last && old.offset === offset && old.leaping === leaping
        ? old
        : { first, last, offset, leaping },
    );
    if (!leaping) current.current.pages.want(layout.starts[first]!, layout.starts[last + 1]! - 1);
    current.current.onView(layout.starts[rowAt(layout, at - padTop)]!);
  }, []);

  // A new layout keeps the picture at the top of the window where it is.
  useLayoutEffect(() => {
    const before = shown.current;
    shown.current = layout;
    const at = place.current - padTop;
    let next = place.current;
    if (before !== layout && before.rows > 0 && at > 0) {
      const row = rowAt(before, at);
      const share = (at - before.tops[row]!) / (heightOf(before, row) + gap);
      const to = rowOf(layout, Math.min(before.starts[row]!, Math.max(0, aspects.length - 1)));
      if (layout.rows > 0) next = padTop + layout.tops[to]! + share * (heightOf(layout, to) + gap);
    }
    scroll.current = createScaledScroll(padTop + layout.tops[layout.rows]! + padBottom, size.view, next);
    const element = scroller.current!;
    (element.firstElementChild as HTMLElement).style.height = `${scroll.current.height}px`;
    const position = scroll.current.moveTo(next);
    if (Math.abs(element.scrollTop - position) > 0.5) element.scrollTop = position;
    look(next, false);
  }, [layout, size.view, aspects.length, look]);

  // Pages that came after a failure, or a new listing: what is in view is asked for again.
  useEffect(() => {
    if (window.last >= window.first && !window.leaping && layout.rows > window.last)
      pages.want(layout.starts[window.first]!, layout.starts[window.last + 1]! - 1);
  }, [pages, layout, window]);

  useEffect(() => {
    const element = scroller.current!;
    let last = element.scrollTop;
    const onScroll = () => {
      const position = element.scrollTop;
      const leaping = Math.abs(position - last) > current.current.view * 1.5;
      last = position;
      look(scroll.current.scrolled(position), leaping);
      clearTimeout(rest.current);
      rest.current = setTimeout(() => {
        const settled = scroll.current.settle();
        if (settled !== undefined) element.scrollTop = settled;
        last = element.scrollTop;
        look(place.current, false);
      }, restMs);
    };
    element.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      element.removeEventListener('scroll', onScroll);
      clearTimeout(rest.current);
    };
  }, [look]);

  const show = useCallback(
    (index: number) => {
      const { layout, view } = current.current;
      if (layout.rows === 0) return;
      const row = rowOf(layout, index);
      const top = padTop + layout.tops[row]!;
      const bottom = top + heightOf(layout, row);
      const at = place.current;
      const next = top < at ? top - padTop : bottom > at + view ? bottom - view + gap : at;
      if (next === at) return;
      const position = scroll.current.moveTo(next);
      scroller.current!.scrollTop = position;
      look(next, false);
    },
    [look],
  );
  handle.current = {
    step: (from, direction) => {
      if (direction === 'left') return Math.max(0, from - 1);
      if (direction === 'right') return Math.min(aspects.length - 1, from + 1);
      return neighbour(layout, aspects, from, direction === 'up' ? -1 : 1);
    },
    show,
  };

  // The selected picture stays in sight, when keys move it and when the inspector makes the wall narrower.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new layout may have moved it.
  useEffect(() => {
    if (selected === undefined || selectedAt === undefined) return;
    show(selectedAt);
    const focused = document.activeElement;
    if (focused instanceof HTMLElement && focused.dataset.tile && focused.dataset.tile !== selected) {
      requestAnimationFrame(() =>
        scroller.current?.querySelector<HTMLElement>(`[data-tile="${selected}"]`)?.focus({ preventScroll: true }),
      );
    }
  }, [selected, selectedAt, layout, show]);

  const lasso = useLasso({
    scroller,
    scroll,
    touched: (area) => touchedBy(layout, aspects, { ...area, top: area.top - padTop, bottom: area.bottom - padTop }),
    onDone: onLasso,
  });

  // A first click opens the inspector and may move the picture from under the second one: a double click means the
  // picture that the first was on.
  const pressed = useRef<{ index: number | undefined; x: number; y: number }>(undefined);
  const openPressed = useRef<() => void>(undefined);
  openPressed.current = () => {
    const index = pressed.current?.index;
    const item = index === undefined ? undefined : pages.get(index);
    if (index !== undefined && item) onChoose(index, item, 'open');
  };
  useEffect(() => {
    const onDoubleClick = ({ clientX, clientY }: MouseEvent) => {
      const at = pressed.current;
      if (at && Math.hypot(clientX - at.x, clientY - at.y) < 8) openPressed.current?.();
      pressed.current = undefined;
    };
    addEventListener('dblclick', onDoubleClick);
    return () => removeEventListener('dblclick', onDoubleClick);
  }, []);

  const indexOf = (event: React.SyntheticEvent) => {
    const tile = (event.target as HTMLElement).closest<HTMLElement>('[data-index]');
    return tile ? Number(tile.dataset.index) : undefined;
  };
  const choose = (event: React.SyntheticEvent, choice: Choice) => {
    const index = indexOf(event);
    const item = index === undefined ? undefined : pages.get(index);
    if (index !== undefined && item) onChoose(index, item, choice);
  };
  const entry = selected ?? pages.get(layout.starts[Math.max(0, window.first)] ?? 0)?.sha256;
  const marking = marks.all || marks.shas.size > 0;
  const rows = [];
  for (let row = window.first; row <= Math.min(window.last, layout.rows - 1); row++) {
    const height = heightOf(layout, row);
    rows.push(
      <div
        key={row}
        className="absolute left-0"
        style={{ top: padTop + layout.tops[row]! - window.offset, width: layout.width, height }}
      >
        {placeRow(layout, aspects, row).map(({ index, left, width }) => {
          const item = window.leaping ? undefined : pages.get(index);
          return item ? (
            <Tile
              key={index}
              project={project}
              item={item}
              index={index}
              left={left}
              width={width}
              height={height}
              selected={item.sha256 === selected}
              marked={isMarked(marks, item.sha256) || lasso.touched.has(index)}
              marking={marking}
              entry={item.sha256 === entry}
              showLabels={showLabels}
              opacity={opacity}
            />
          ) : (
            <div key={index} className="absolute top-0 rounded-sm bg-sunken" style={{ left, width, height }} />
          );
        })}
      </div>,
    );
  }
  const again = () => {
    if (layout.rows > 0) pages.want(layout.starts[window.first]!, layout.starts[window.last + 1]! - 1);
  };
  return (
    <>
      {pages.failure() !== undefined && (
        <p
          role="alert"
          className="flex shrink-0 items-center gap-3 border-b border-line bg-bad-soft px-6 py-1.5 text-bad max-md:px-4"
        >
          <span className="min-w-0 flex-1 truncate">
            {t('pagesFailed')} {describeError(pages.failure()).message}
          </span>
          <Button onClick={again}>{t('frame:retry')}</Button>
        </p>
      )}
      <div
        ref={scroller}
        className="min-h-0 flex-1 overflow-y-auto outline-none [overflow-anchor:none] [scrollbar-gutter:stable]"
        data-wall
        aria-busy={isOld || undefined}
        {...lasso.handlers}
      >
        <div
          className="relative mx-auto overflow-hidden"
          style={{
            width: layout.width || undefined,
            // Only where it takes long enough to be noticed.
            ...(isOld && { opacity: 0.55, transition: 'opacity 120ms 250ms' }),
          }}
        >
          {/* biome-ignore lint/a11y/useSemanticElements: rows are set by width, not by a table's columns. */}
          <div
            role="group"
            aria-label={t('wall', { count: aspects.length })}
            className="absolute inset-0 select-none"
            onClick={(event) => {
              if (lasso.justEnded()) return;
              const isMark = (event.target as HTMLElement).closest('[data-mark]') !== null;
              const choice = event.shiftKey ? 'range' : isMark || event.ctrlKey || event.metaKey ? 'toggle' : 'one';
              pressed.current =
                choice === 'one' ? { index: indexOf(event), x: event.clientX, y: event.clientY } : undefined;
              choose(event, choice);
            }}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' && event.key !== ' ') return;
              event.preventDefault();
              choose(event, event.key === 'Enter' ? 'open' : 'toggle');
            }}
          >
            {rows}
          </div>
          {lasso.area && (
            <div
              className="pointer-events-none absolute z-10 rounded-sm border border-accent bg-accent/15"
              style={{
                left: lasso.area.left,
                top: lasso.area.top - scroll.current.offset,
                width: lasso.area.right - lasso.area.left,
                height: lasso.area.bottom - lasso.area.top,
              }}
            />
          )}
        </div>
      </div>
    </>
  );
}
