import { range } from '../../parts/range.js';

/** The wall before its pictures: rows of their height, still. */
export function WallSkeleton({ target }: { target: number }) {
  const widths = [1.5, 1.2, 1.8, 1.5, 1.35, 1.6, 1.5, 1.2];
  return (
    <div className="min-h-0 flex-1 overflow-hidden px-6 pt-1 max-md:px-4" aria-busy="true">
      {range(Math.ceil(1200 / target)).map((row) => (
        <div key={row} className="mb-1 flex gap-1" style={{ height: target }}>
          {range(widths.length).map((tile) => (
            <div
              key={tile}
              className="skeleton rounded-sm"
              style={{ flexGrow: widths[(tile + row * 3) % widths.length]!, flexBasis: target * 0.7 }}
            />
          ))}
        </div>
      ))}
    </div>
  );
}
