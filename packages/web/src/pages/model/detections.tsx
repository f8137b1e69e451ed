import type { Detection } from '@fovea/api';
import { useTranslation } from 'react-i18next';
import { formatPercent } from '../../catalogue/format.js';
import { ClassDot } from '../../parts/class-dot.js';

/** What was found, surest first; pointing at one lights it in the picture. */
export function Detections({
  found,
  shown,
  lit,
  onLit,
}: {
  found: readonly Detection[];
  /** Whether there is a picture at all. */
  shown: boolean;
  lit: number | null;
  onLit: (index: number | null) => void;
}) {
  const { t } = useTranslation('model');
  if (found.length === 0) return <p className="p-4 text-ink-2">{shown ? t('nothingFound') : t('tryText')}</p>;
  return (
    <ul className="min-h-0 flex-1 overflow-y-auto p-2 max-lg:max-h-64" onMouseLeave={() => onLit(null)}>
      {found.map((one, index) => (
        <li key={`${one.className}-${one.box.join()}`}>
          <button
            type="button"
            onMouseEnter={() => onLit(index)}
            onFocus={() => onLit(index)}
            onBlur={() => onLit(null)}
            onClick={() => onLit(lit === index ? null : index)}
            className="flex h-8 w-full items-center gap-3 rounded-sm px-2 text-left hover:bg-hover focus-visible:outline-offset-[-2px]"
          >
            <ClassDot index={one.classIndex} />
            <span className="min-w-0 flex-1 truncate">{one.className}</span>
            <span className="h-1 w-16 overflow-hidden rounded-full bg-line" aria-hidden>
              <span className="block h-full rounded-full bg-ink-3" style={{ width: `${one.confidence * 100}%` }} />
            </span>
            <span className="w-10 text-right font-medium">{formatPercent(one.confidence)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
