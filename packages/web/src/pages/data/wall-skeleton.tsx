/** The wall before its pictures: rows of their height, still. */
export function WallSkeleton({ target }: { target: number }) {
  const widths = [1.5, 1.2, 1.8, 1.5, 1.35, 1.6, 1.5, 1.2];
  return (
    <div className="min-h-0 flex-1 overflow-hidden px-6 pt-1 max-md:px-3" aria-busy="true">
      {Array.from({ length: Math.ceil(1200 / target) }, (_, row) => (
        <div key={`${row}-row`} className="mb-1 flex gap-1" style={{ height: target }}>
          {widths.map((width, tile) => (
            <div
              key={`${tile}-tile`}
              className="skeleton rounded-sm"
              style={{ flexGrow: widths[(tile + row * 3) % widths.length]!, flexBasis: width * target * 0.5 }}
            />
          ))}
        </div>
      ))}
    </div>
  );
}
