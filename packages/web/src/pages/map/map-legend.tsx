import type { ProjectClass } from '@fovea/api';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount } from '../../catalogue/format.js';
import { ClassDot } from '../../parts/class-dot.js';
import type { Points } from './points.js';

/** The classes of the points with how many have each as their commonest; one chosen stands out from the others. */
export function MapLegend({
  points,
  classes,
  shown,
  onToggle,
}: {
  points: Points;
  classes: readonly ProjectClass[];
  /** Names of those that stand out; none: all alike. An empty name is no class. */
  shown: readonly string[];
  onToggle: (name: string) => void;
}) {
  const { t } = useTranslation('curation');
  const counts = useMemo(() => {
    const found = new Map<number, number>();
    for (const index of points.classes) found.set(index, (found.get(index) ?? 0) + 1);
    return [...found].sort((a, b) => b[1] - a[1]);
  }, [points]);
  return (
    <aside
      aria-label={t('legend')}
      className="w-56 shrink-0 overflow-y-auto border-l border-line p-3 max-md:h-32 max-md:w-full max-md:border-t max-md:border-l-0"
    >
      <p className="px-2 pb-2 text-12 text-ink-3">{t('legendNote')}</p>
      <ul>
        {counts.map(([index, count]) => {
          const name = classes.find((own) => own.index === index)?.name ?? '';
          return (
            <li key={index}>
              <button
                type="button"
                aria-pressed={shown.includes(name)}
                onClick={() => onToggle(name)}
                className="flex h-7 w-full items-center gap-2 rounded-sm px-2 text-left hover:bg-hover focus-visible:outline-offset-[-2px] aria-pressed:bg-accent-soft"
              >
                {index < 0 ? (
                  <span className="inline-block size-2.5 shrink-0 rounded-[3px] bg-ink-3" aria-hidden />
                ) : (
                  <ClassDot index={index} />
                )}
                <span className="min-w-0 flex-1 truncate">{name === '' ? t('noClass') : name}</span>
                <span className="text-12 text-ink-2">{formatCount(count)}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </aside>
  );
}
