import { useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount } from '../../catalogue/format.js';
import type { FilterSearch } from '../../data/filter-search.js';
import { statisticsQuery } from '../../data/queries.js';
import { WorldMap } from '../../parts/world-map.js';

interface Corner {
  readonly longitude: number;
  readonly latitude: number;
}

/** Where pictures were taken: a rectangle drawn on the map, or four numbers; dots show where there are how many. */
export function PlaceFacet({
  project,
  filter,
  placed,
  onChange,
}: {
  project: string;
  filter: FilterSearch;
  /** Pictures with a position, of those the filter leaves. */
  placed: number | undefined;
  onChange: (place: string | undefined) => void;
}) {
  const { t } = useTranslation('filter');
  const { place, ...elsewhere } = filter;
  const cells = useQuery(statisticsQuery(project, elsewhere)).data?.places.cells ?? [];
  const map = useRef<SVGSVGElement>(null);
  const [drawn, setDrawn] = useState<readonly [Corner, Corner] | null>(null);
  const at = (event: React.PointerEvent): Corner => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(map.current!.getScreenCTM()!.inverse());
    return {
      longitude: Math.min(180, Math.max(-180, point.x)),
      latitude: Math.min(90, Math.max(-90, -point.y)),
    };
  };
  const set = place?.split(',').map(Number);
  const most = Math.max(1, ...cells.map(({ pictures }) => pictures));
  const box = drawn
    ? {
        west: Math.min(drawn[0].longitude, drawn[1].longitude),
        east: Math.max(drawn[0].longitude, drawn[1].longitude),
        south: Math.min(drawn[0].latitude, drawn[1].latitude),
        north: Math.max(drawn[0].latitude, drawn[1].latitude),
      }
    : set?.length === 4
      ? { south: set[0]!, west: set[1]!, north: set[2]!, east: set[3]! }
      : undefined;
  // Across the date line it is two rectangles.
  const parts = !box
    ? []
    : box.west <= box.east
      ? [box]
      : [
          { ...box, east: 180 },
          { ...box, west: -180 },
        ];
  return (
    <div>
      <p className="mb-2 px-1 text-ink-2">
        {placed === undefined ? ' ' : t('placed', { count: placed, text: formatCount(placed) })}
      </p>
      <WorldMap
        ref={map}
        className="cursor-crosshair touch-none"
        label={t('drawPlace')}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrawn([at(event), at(event)]);
        }}
        onPointerMove={(event) => drawn && setDrawn([drawn[0], at(event)])}
        onPointerUp={() => {
          setDrawn(null);
          if (!box || box.east - box.west < 0.5 || box.north - box.south < 0.5) return;
          onChange([box.south, box.west, box.north, box.east].map((value) => Number(value.toFixed(2))).join(','));
        }}
      >
        {cells.map(({ latitude, longitude, pictures }) => (
          <circle
            key={`${latitude} ${longitude}`}
            cx={longitude + 0.5}
            cy={-latitude - 0.5}
            r={0.6 + 1.8 * Math.sqrt(pictures / most)}
            className="pointer-events-none fill-accent"
            fillOpacity={0.7}
          />
        ))}
        {parts.map(({ south, west, north, east }) => (
          <rect
            key={west}
            x={west}
            y={-north}
            width={east - west}
            height={north - south}
            className="pointer-events-none fill-accent/20 stroke-accent"
            strokeWidth={1.5}
            vectorEffect="non-scaling-stroke"
          />
        ))}
      </WorldMap>
      <div className="mt-3 grid grid-cols-4 gap-2">
        {(['south', 'west', 'north', 'east'] as const).map((side, index) => (
          <label key={side} className="text-12 text-ink-3">
            {t(side)}
            <input
              key={place}
              className="field mt-1 text-13"
              inputMode="decimal"
              defaultValue={set?.[index] ?? ''}
              onBlur={(event) => send(event.currentTarget)}
              onKeyDown={(event) => event.key === 'Enter' && send(event.currentTarget)}
              data-side
            />
          </label>
        ))}
      </div>
      <p className="mt-2 px-1 text-12 text-ink-3">{t('placeHint')}</p>
    </div>
  );

  /** All four sides typed make a place. */
  function send(field: HTMLInputElement) {
    const fields = [...field.closest('.grid')!.querySelectorAll<HTMLInputElement>('[data-side]')];
    const values = fields.map(({ value }) => (value.trim() === '' ? Number.NaN : Number(value)));
    if (values.every(Number.isFinite)) onChange(values.join(','));
    else if (fields.every(({ value }) => value.trim() === '')) onChange(undefined);
  }
}
