import { classColor } from '@fovea/annotations';
import { memo } from 'react';

/** A box to draw; `key` tells it apart for pointing at. */
export interface DrawnBox {
  readonly classIndex: number;
  readonly box: readonly [number, number, number, number];
}

/**
 * Boxes over a picture, in the colours of their classes, on a dark halo that keeps them legible on any ground. One path
 * a class, however many boxes, so that a wall of hundreds of pictures stays quick. Lines keep their width at any size.
 */
export const BoxOverlay = memo(function BoxOverlay({
  width,
  height,
  boxes,
  lit,
  line = 1.5,
  className = '',
}: {
  width: number;
  height: number;
  boxes: readonly DrawnBox[];
  /** Index of the box pointed at: it is drawn thick, the others step back. */
  lit?: number | null;
  line?: number;
  className?: string;
}) {
  const byClass = new Map<number, string>();
  boxes.forEach(({ classIndex, box: [x0, y0, x1, y1] }, index) => {
    if (index === lit) return;
    byClass.set(classIndex, `${byClass.get(classIndex) ?? ''}M${x0} ${y0}H${x1}V${y1}H${x0}Z`);
  });
  const paths = [...byClass];
  const one = lit === undefined || lit === null ? undefined : boxes[lit];
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      className={`boxes pointer-events-none absolute inset-0 size-full ${className}`}
      style={{ '--w': line } as React.CSSProperties}
      aria-hidden="true"
    >
      <g opacity={one ? 0.45 : 1}>
        <path className="halo" d={paths.map(([, d]) => d).join('')} />
        {paths.map(([classIndex, d]) => (
          <path key={classIndex} d={d} stroke={classColor(classIndex)} />
        ))}
      </g>
      {one && (
        <g className="lit">
          <path className="halo" d={`M${one.box[0]} ${one.box[1]}H${one.box[2]}V${one.box[3]}H${one.box[0]}Z`} />
          <path
            d={`M${one.box[0]} ${one.box[1]}H${one.box[2]}V${one.box[3]}H${one.box[0]}Z`}
            stroke={classColor(one.classIndex)}
          />
        </g>
      )}
    </svg>
  );
});
