import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Region } from './region.js';

/** Lies over a picture: drag a rectangle on it, or take the middle by Enter and push it with arrows. */
export function RegionPicker({
  width,
  height,
  region,
  isDrawing,
  onRegion,
}: {
  /** Of the picture, in its pixels. */
  width: number;
  height: number;
  region: Region | undefined;
  isDrawing: boolean;
  onRegion: (region: Region) => void;
}) {
  const { t } = useTranslation('similar');
  const from = useRef<readonly [number, number]>(null);
  const [drawn, setDrawn] = useState<Region>();
  const shown = drawn ?? region;
  const placeOf = (event: React.PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const clamp = (value: number, most: number) => Math.round(Math.min(most, Math.max(0, value)));
    return [
      clamp(((event.clientX - box.left) / box.width) * width, width),
      clamp(((event.clientY - box.top) / box.height) * height, height),
    ] as const;
  };
  const middle: Region = [
    Math.round(width / 4),
    Math.round(height / 4),
    Math.round((width * 3) / 4),
    Math.round((height * 3) / 4),
  ];
  const push = (dx: number, dy: number, isSize: boolean) => {
    const [x0, y0, x1, y1] = drawn ?? region ?? middle;
    const [stepX, stepY] = [Math.max(1, Math.round(width / 40)) * dx, Math.max(1, Math.round(height / 40)) * dy];
    const next: Region = isSize
      ? [x0, y0, Math.min(width, Math.max(x0 + 2, x1 + stepX)), Math.min(height, Math.max(y0 + 2, y1 + stepY))]
      : [x0 + stepX, y0 + stepY, x1 + stepX, y1 + stepY];
    if (next[0] >= 0 && next[1] >= 0 && next[2] <= width && next[3] <= height) setDrawn(next);
  };
  return (
    <>
      {shown && (
        <svg
          viewBox={`0 0 ${width} ${height}`}
          preserveAspectRatio="none"
          className="pointer-events-none absolute inset-0 size-full"
          aria-hidden="true"
        >
          <path
            d={`M0 0H${width}V${height}H0ZM${shown[0]} ${shown[1]}V${shown[3]}H${shown[2]}V${shown[1]}Z`}
            className="fill-black/45"
            fillRule="evenodd"
          />
          <rect
            x={shown[0]}
            y={shown[1]}
            width={shown[2] - shown[0]}
            height={shown[3] - shown[1]}
            className="fill-none stroke-white"
            strokeWidth={2}
            vectorEffect="non-scaling-stroke"
          />
        </svg>
      )}
      {isDrawing && (
        <button
          type="button"
          // biome-ignore lint/a11y/noAutofocus: it was asked for, to draw on.
          autoFocus
          aria-label={t('drawLabel')}
          className="absolute inset-0 size-full cursor-crosshair touch-none focus-visible:outline-offset-[-3px]"
          onPointerDown={(event) => {
            from.current = placeOf(event);
            event.currentTarget.setPointerCapture(event.pointerId);
          }}
          onPointerMove={(event) => {
            if (!from.current) return;
            const [[ax, ay], [bx, by]] = [from.current, placeOf(event)];
            setDrawn([Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)]);
          }}
          onPointerUp={() => {
            from.current = null;
            if (!drawn) return;
            setDrawn(undefined);
            if (drawn[2] - drawn[0] > 1 && drawn[3] - drawn[1] > 1) onRegion(drawn);
          }}
          onPointerCancel={() => {
            from.current = null;
            setDrawn(undefined);
          }}
          onKeyDown={(event) => {
            const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
            if (way) {
              event.preventDefault();
              push(way[0]!, way[1]!, event.shiftKey);
            } else if (event.key === 'Enter') {
              event.preventDefault();
              onRegion(drawn ?? middle);
              setDrawn(undefined);
            }
          }}
        />
      )}
    </>
  );
}
