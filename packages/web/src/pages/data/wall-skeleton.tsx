import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { range } from '../../parts/range.js';

/** After this long somebody wonders what is going on. */
const wonderMs = 2_500;

/** The wall before its pictures: rows of their height, still. Says what takes long, where it does. */
export function WallSkeleton({ target }: { target: number }) {
  const { t } = useTranslation('data');
  const [long, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), wonderMs);
    return () => clearTimeout(timer);
  }, []);
  const widths = [1.5, 1.2, 1.8, 1.5, 1.35, 1.6, 1.5, 1.2];
  return (
    <div className="relative min-h-0 flex-1 overflow-hidden px-6 pt-1 max-md:px-4" aria-busy="true">
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
      {long && (
        <p
          role="status"
          className="appear absolute top-1/3 left-1/2 w-max max-w-[calc(100%-3rem)] -translate-x-1/2 rounded-md bg-raised px-4 py-3 text-center text-balance text-ink-2 shadow-float"
        >
          {t('reading')}
        </p>
      )}
    </div>
  );
}
