import { classColor } from '@fovea/annotations';
import { memo } from 'react';
import { type DrawnShape, type ShapePaths, shapePaths } from './shape-path.js';

/** An object to draw in the colour of its class. */
export interface DrawnBox extends DrawnShape {
  readonly classIndex: number;
}

/**
 * Objects over a picture, in the colours of their classes, on a dark halo that keeps them legible on any ground: boxes,
 * turned boxes and outlines as lines, masks as tints, key points as dots. A few paths a class, however many objects, so
 * that a wall of hundreds of pictures stays quick. Lines keep their width at any size.
 */
export const BoxOverlay = memo(function BoxOverlay({
  width,
  height,
  boxes,
  lit,
  line = 1.5,
  dashed = false,
  className = '',
}: {
  width: number;
  height: number;
  boxes: readonly DrawnBox[];
  /** Index of the box pointed at: it is drawn thick, the others step back. */
  lit?: number | null;
  line?: number;
  /** As predictions are. */
  dashed?: boolean;
  className?: string;
}) {
  const dot = Math.max(width, height) / 110;
  const byClass = new Map<number, { lines: string; body: string; dots: string }>();
  boxes.forEach((one, index) => {
    if (index === lit) return;
    const paths = shapePaths(one, dot);
    const all = byClass.get(one.classIndex) ?? { lines: '', body: '', dots: '' };
    all.lines += paths.lines;
    all.body += paths.body;
    all.dots += paths.dots;
    byClass.set(one.classIndex, all);
  });
  const classes = [...byClass];
  const one = lit === undefined || lit === null ? undefined : boxes[lit];
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      // As the picture itself: a very long one is cropped to its tile.
      preserveAspectRatio="xMidYMid slice"
      className={`boxes pointer-events-none absolute inset-0 size-full ${dashed ? 'dashed' : ''} ${className}`}
      style={{ '--w': line } as React.CSSProperties}
      aria-hidden="true"
    >
      <g opacity={one ? 0.45 : 1}>
        <Shapes classes={classes} />
      </g>
      {one && (
        <g className="lit">
          <Shapes classes={[[one.classIndex, shapePaths(one, dot)]]} />
        </g>
      )}
    </svg>
  );
});

function Shapes({ classes }: { classes: readonly (readonly [classIndex: number, paths: ShapePaths])[] }) {
  const halo = classes.map(([, { lines, dots }]) => lines + dots).join('');
  return (
    <>
      {classes.map(
        ([index, { body }]) => body && <path key={index} className="body" d={body} fill={classColor(index)} />,
      )}
      {halo && <path className="halo" d={halo} />}
      {classes.map(
        ([index, { lines }]) => lines && <path key={index} className="line" d={lines} stroke={classColor(index)} />,
      )}
      {classes.map(
        ([index, { dots }]) => dots && <path key={index} className="dots" d={dots} fill={classColor(index)} />,
      )}
    </>
  );
}
