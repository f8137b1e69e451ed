import { useQuery } from '@tanstack/react-query';
import type { ReactNode, Ref } from 'react';

type Ring = readonly (readonly number[])[];

/** Land as GeoJSON has it, its polygons in one. */
export interface Land {
  readonly type: 'FeatureCollection';
  readonly features: readonly [
    {
      readonly type: 'Feature';
      readonly properties: { readonly name: string };
      readonly geometry: { readonly type: 'MultiPolygon'; readonly coordinates: readonly (readonly Ring[])[] };
    },
  ];
}

/** The outlines of land; part of the app, so that no map asks anybody for anything. */
export const landQuery = {
  queryKey: ['land'],
  queryFn: async (): Promise<Land> => {
    const [{ feature }, { default: atlas }] = await Promise.all([
      import('topojson-client'),
      import('world-atlas/land-110m.json'),
    ]);
    const topology = atlas as unknown as Parameters<typeof feature>[0];
    const found = feature(topology, topology.objects.land!) as unknown as {
      features: readonly { geometry: { coordinates: readonly (readonly Ring[])[] } }[];
    };
    const coordinates = found.features.flatMap(({ geometry }) => geometry.coordinates).flatMap(unwrap);
    return {
      type: 'FeatureCollection',
      features: [{ type: 'Feature', properties: { name: 'land' }, geometry: { type: 'MultiPolygon', coordinates } }],
    };
  },
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
};

/**
 * Land that goes across the date line, without the leap from one edge of the map to the other: it goes on past the edge,
 * and stands a second time at the other one.
 */
function unwrap(polygon: readonly Ring[]): (readonly Ring[])[] {
  const rings = polygon.map((ring) => {
    let turns = 0;
    return ring.map(([longitude, latitude], at) => {
      const step = at === 0 ? 0 : longitude! - ring[at - 1]![0]!;
      if (step > 180) turns -= 360;
      if (step < -180) turns += 360;
      return [longitude! + turns, latitude!];
    });
  });
  const all = rings[0]!.map(([longitude]) => longitude!);
  const moved = (by: number) => rings.map((ring) => ring.map(([longitude, latitude]) => [longitude! + by, latitude!]));
  return [rings, ...(Math.max(...all) > 180 ? [moved(-360)] : []), ...(Math.min(...all) < -180 ? [moved(360)] : [])];
}

const landPathQuery = {
  queryKey: ['land-path'],
  queryFn: async () => {
    const { features } = await landQuery.queryFn();
    const ringPath = (ring: Ring) =>
      ring
        .map(
          ([longitude, latitude], at) => `${at === 0 ? 'M' : 'L'}${longitude!.toFixed(2)} ${(-latitude!).toFixed(2)}`,
        )
        .join('');
    return features[0].geometry.coordinates.flatMap((rings) => rings.map((ring) => `${ringPath(ring)}Z`)).join('');
  },
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
};

/**
 * The Earth, a degree a unit: x is the longitude, y the latitude downwards. `children` are drawn over it in these units.
 * `view` is the part shown: longitude and latitude (downwards) of its corner, width and height in degrees.
 */
export function WorldMap({
  label,
  view = [-180, -84, 360, 144],
  children,
  className = '',
  ref,
  ...rest
}: Omit<React.SVGProps<SVGSVGElement>, 'ref' | 'viewBox'> & {
  label: string;
  view?: readonly [number, number, number, number];
  children?: ReactNode;
  ref?: Ref<SVGSVGElement>;
}) {
  const { data: path } = useQuery(landPathQuery);
  return (
    <svg
      ref={ref}
      role="img"
      aria-label={label}
      viewBox={view.join(' ')}
      className={`w-full rounded-sm bg-sunken ${className}`}
      style={{ aspectRatio: `${view[2]} / ${view[3]}` }}
      {...rest}
    >
      <path
        d={path ?? ''}
        className="fill-line-strong/60 stroke-line-strong"
        strokeWidth={0.5}
        vectorEffect="non-scaling-stroke"
      />
      {children}
    </svg>
  );
}
