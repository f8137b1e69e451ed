import { useEffect, useRef, useState } from 'react';
import type { ScaledScroll } from './scaled-scroll.js';

/** A rectangle of the wall, in pixels from its own left and top. */
export interface LassoArea {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const none: ReadonlySet<number> = new Set();
/** A shorter way is a click that trembled. */
const leastPixels = 5;

/**
 * A rectangle drawn over the wall: from an empty place, or from anywhere with Alt. It scrolls the wall at its edges.
 * With Ctrl or Shift what it touches is added to what is marked.
 */
export function useLasso({
  scroller,
  scroll,
  touched,
  onDone,
}: {
  scroller: React.RefObject<HTMLDivElement | null>;
  scroll: React.RefObject<ScaledScroll>;
  /** Pictures a rectangle touches. */
  touched: (area: LassoArea) => number[];
  onDone: (indices: readonly number[], add: boolean) => void;
}) {
  const [area, setArea] = useState<LassoArea | null>(null);
  const [found, setFound] = useState<ReadonlySet<number>>(none);
  const drag = useRef<{ x: number; y: number; add: boolean; moved: boolean } | null>(null);
  const pointer = useRef({ x: 0, y: 0 });
  const ended = useRef(0);
  const last = useRef<number[]>([]);
  const current = useRef({ touched, onDone });
  current.current = { touched, onDone };

  const at = (clientX: number, clientY: number) => {
    const element = scroller.current!;
    const box = element.getBoundingClientRect();
    const inner = element.firstElementChild!.getBoundingClientRect();
    return { x: clientX - inner.left, y: clientY - box.top + element.scrollTop + scroll.current.offset };
  };
  const stretch = () => {
    const from = drag.current;
    if (!from) return;
    const to = at(pointer.current.x, pointer.current.y);
    if (!from.moved && Math.hypot(to.x - from.x, to.y - from.y) < leastPixels) return;
    from.moved = true;
    const next = {
      left: Math.min(from.x, to.x),
      right: Math.max(from.x, to.x),
      top: Math.min(from.y, to.y),
      bottom: Math.max(from.y, to.y),
    };
    setArea(next);
    last.current = current.current.touched(next);
    setFound(new Set(last.current));
  };
  const isOn = area !== null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs while a rectangle is drawn; all it reads is in refs.
  useEffect(() => {
    if (!isOn) return;
    let frame = requestAnimationFrame(function scrollOn() {
      const element = scroller.current!;
      const { top, bottom } = element.getBoundingClientRect();
      const over = pointer.current.y < top + 24 ? pointer.current.y - top - 24 : pointer.current.y - bottom + 24;
      if (pointer.current.y < top + 24 || pointer.current.y > bottom - 24) {
        element.scrollTop += Math.max(-40, Math.min(40, over / 3));
        stretch();
      }
      frame = requestAnimationFrame(scrollOn);
    });
    const cancel = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      event.preventDefault();
      drag.current = null;
      setArea(null);
      setFound(none);
    };
    addEventListener('keydown', cancel, true);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener('keydown', cancel, true);
    };
  }, [isOn]);

  const end = () => {
    const from = drag.current;
    drag.current = null;
    if (!from?.moved) return;
    ended.current = performance.now();
    setArea(null);
    setFound(none);
    current.current.onDone(last.current, from.add);
  };

  return {
    area,
    touched: found,
    /** Whether the click that follows a drawn rectangle is that rectangle's end. */
    justEnded: () => performance.now() - ended.current < 50,
    handlers: {
      onPointerDown: (event: React.PointerEvent) => {
        const element = scroller.current!;
        const onTile = (event.target as HTMLElement).closest('[data-index]') !== null;
        const onScrollBar = event.clientX > element.getBoundingClientRect().left + element.clientWidth;
        if (event.button !== 0 || event.pointerType === 'touch' || onScrollBar || (onTile && !event.altKey)) return;
        drag.current = {
          ...at(event.clientX, event.clientY),
          add: event.ctrlKey || event.metaKey || event.shiftKey,
          moved: false,
        };
        last.current = [];
        pointer.current = { x: event.clientX, y: event.clientY };
        element.setPointerCapture(event.pointerId);
      },
      onPointerMove: (event: React.PointerEvent) => {
        if (!drag.current) return;
        pointer.current = { x: event.clientX, y: event.clientY };
        stretch();
      },
      onPointerUp: end,
      onPointerCancel: () => {
        drag.current = null;
        setArea(null);
        setFound(none);
      },
    },
  };
}
