import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useDark } from '../../frame/theme.js';
import { resolveColor } from '../../plot/color.js';
import { createPainter, radiusOf } from './paint-points.js';
import { nearestPoint, type Points, panBy, pointsInside, scaleOf, type View, zoomAt } from './points.js';

/** What dragging does. */
export type MapTool = 'lasso' | 'hand';

/** A shorter way is a click that trembled. */
const leastPixels = 4;
/** How far from a point the pointer may be to mean it. */
const reach = 8;

interface Drag {
  readonly kind: MapTool;
  readonly add: boolean;
  readonly from: readonly [number, number];
  last: readonly [number, number];
  isMoved: boolean;
}

/** Points on one canvas: drag to draw around some, wheel to come nearer, click one to open it. */
export function PointMap({
  points,
  view,
  onView,
  tool,
  faded,
  marked,
  at,
  onAt,
  onLasso,
  onOpen,
  onToggle,
  label,
  children,
}: {
  points: Points;
  view: View;
  onView: (view: View) => void;
  tool: MapTool;
  /** Of each point, whether it steps back. */
  faded: Uint8Array | undefined;
  marked: ReadonlySet<number>;
  /** The point looked at. */
  at: number | undefined;
  onAt: (at: number | undefined) => void;
  onLasso: (found: readonly number[], add: boolean) => void;
  onOpen: (at: number) => void;
  onToggle: (at: number) => void;
  label: string;
  /** Stands where the point looked at is, given its place and the window's size in pixels. */
  children?: (x: number, y: number, width: number, height: number) => React.ReactNode;
}) {
  const dark = useDark();
  const host = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const painter = useRef<ReturnType<typeof createPainter>>(null);
  const [{ width, height }, setSize] = useState({ width: 0, height: 0 });
  const [outline, setOutline] = useState<readonly (readonly [number, number])[]>([]);
  const [isHeld, setHeld] = useState(false);
  const drag = useRef<Drag | null>(null);
  const fingers = useRef(new Map<number, readonly [number, number]>());
  const current = useRef({ view, onView, width, height });
  current.current = { view, onView, width, height };

  useLayoutEffect(() => {
    const element = host.current!;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new theme is new colours.
  useLayoutEffect(() => {
    if (width === 0 || height === 0) return;
    painter.current ??= createPainter(canvas.current!);
    const look = {
      ground: resolveColor(host.current!, '--surface'),
      plain: resolveColor(host.current!, '--ink-3'),
      faded,
    };
    painter.current(points, view, look, width, height, Math.min(2, devicePixelRatio));
  }, [points, view, faded, width, height, dark]);
  useEffect(() => {
    const element = host.current!;
    // Not by React: its wheel listeners are passive, and the page must not scroll.
    const wheel = (event: WheelEvent) => {
      event.preventDefault();
      const { view: seen, onView: tell, width: wide, height: high } = current.current;
      const box = element.getBoundingClientRect();
      const step = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
      const factor = Math.exp(-Math.max(-200, Math.min(200, step)) * (event.ctrlKey ? 0.01 : 0.002));
      tell(zoomAt(seen, factor, event.clientX - box.left, event.clientY - box.top, wide, high));
    };
    element.addEventListener('wheel', wheel, { passive: false });
    // With Space the hand is at hand, as on any canvas.
    const isOurs = (event: KeyboardEvent) =>
      event.code === 'Space' && !(event.target as HTMLElement).closest('button, a, input, select, textarea, summary');
    const hold = (event: KeyboardEvent) => {
      if (!isOurs(event)) return;
      event.preventDefault();
      setHeld(true);
    };
    const letGo = (event: KeyboardEvent) => event.code === 'Space' && setHeld(false);
    addEventListener('keydown', hold);
    addEventListener('keyup', letGo);
    return () => {
      element.removeEventListener('wheel', wheel);
      removeEventListener('keydown', hold);
      removeEventListener('keyup', letGo);
    };
  }, []);

  const scale = scaleOf(view, width, height);
  const toPlane = (px: number, py: number) =>
    [view.x + (px - width / 2) / scale, view.y + (py - height / 2) / scale] as const;
  const toWindow = (index: number) =>
    [width / 2 + (points.x[index]! - view.x) * scale, height / 2 + (points.y[index]! - view.y) * scale] as const;
  const placeOf = (event: React.PointerEvent) => {
    const box = host.current!.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top] as const;
  };
  const pointAt = ([px, py]: readonly [number, number]) =>
    nearestPoint(points, ...toPlane(px, py), (radiusOf(points.count, view.zoom) + reach) / scale);

  const down = (event: React.PointerEvent) => {
    const place = placeOf(event);
    if (event.pointerType === 'touch') fingers.current.set(event.pointerId, place);
    if (event.button > 1) return;
    const isHand = tool === 'hand' || isHeld || event.button === 1 || event.pointerType === 'touch';
    drag.current = {
      kind: isHand ? 'hand' : 'lasso',
      add: event.ctrlKey || event.metaKey || event.shiftKey,
      from: place,
      last: place,
      isMoved: false,
    };
    host.current!.setPointerCapture(event.pointerId);
  };
  const move = (event: React.PointerEvent) => {
    const place = placeOf(event);
    const held = drag.current;
    if (!held) return onAt(pointAt(place));
    if (fingers.current.size > 1) {
      const before = [...fingers.current.values()];
      fingers.current.set(event.pointerId, place);
      const after = [...fingers.current.values()];
      const spread = ([a, b]: (readonly [number, number])[]) => Math.hypot(a![0] - b![0], a![1] - b![1]);
      const [[ax, ay], [bx, by]] = [after[0]!, after[1]!];
      held.isMoved = true;
      return onView(
        zoomAt(view, spread(after) / Math.max(1, spread(before)), (ax + bx) / 2, (ay + by) / 2, width, height),
      );
    }
    if (!held.isMoved && Math.hypot(place[0] - held.from[0], place[1] - held.from[1]) < leastPixels) return;
    held.isMoved = true;
    if (held.kind === 'hand') onView(panBy(view, place[0] - held.last[0], place[1] - held.last[1], width, height));
    else setOutline((line) => [...(line.length > 0 ? line : [held.from]), place]);
    held.last = place;
    onAt(undefined);
  };
  const up = (event: React.PointerEvent) => {
    fingers.current.delete(event.pointerId);
    const held = drag.current;
    drag.current = null;
    if (!held) return;
    if (held.isMoved && held.kind === 'lasso') {
      onLasso(
        pointsInside(
          points,
          outline.map(([px, py]) => toPlane(px, py)),
        ),
        held.add,
      );
      setOutline([]);
      return;
    }
    if (held.isMoved) return;
    const found = pointAt(placeOf(event));
    if (found === undefined) return held.add ? undefined : onLasso([], false);
    if (held.add) onToggle(found);
    else onOpen(found);
  };
  const cancel = () => {
    drag.current = null;
    fingers.current.clear();
    setOutline([]);
  };
  const [x, y] = at === undefined || at >= points.count ? [0, 0] : toWindow(at);
  const isSeen = at !== undefined && at < points.count && x >= 0 && y >= 0 && x <= width && y <= height;
  return (
    <div
      ref={host}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the map is looked through by arrows.
      tabIndex={0}
      role="application"
      aria-label={label}
      data-map
      className={`relative min-h-0 min-w-0 flex-1 touch-none overflow-hidden bg-surface select-none focus-visible:outline-offset-[-2px] ${tool === 'hand' || isHeld ? 'cursor-grab active:cursor-grabbing' : at === undefined ? 'cursor-crosshair' : 'cursor-pointer'}`}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={cancel}
      onPointerLeave={() => drag.current === null && onAt(undefined)}
      onContextMenu={(event) => event.button === 2 && drag.current && event.preventDefault()}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !drag.current) return;
        event.preventDefault();
        cancel();
      }}
    >
      <canvas ref={canvas} className="absolute inset-0 size-full" />
      <svg className="pointer-events-none absolute inset-0 size-full" aria-hidden="true">
        {outline.length > 1 && (
          <path
            d={`M${outline.map(([px, py]) => `${px.toFixed(1)} ${py.toFixed(1)}`).join('L')}Z`}
            className="fill-accent/15 stroke-accent"
            strokeWidth={1.5}
            strokeDasharray="5 4"
          />
        )}
        {isSeen && (
          <circle
            cx={x}
            cy={y}
            r={radiusOf(points.count, view.zoom) + 4}
            className={`stroke-2 ${marked.has(at) ? 'fill-accent/40' : 'fill-none'} stroke-ink`}
          />
        )}
      </svg>
      {isSeen && children?.(x, y, width, height)}
    </div>
  );
}
