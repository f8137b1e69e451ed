import type { MediaFacts, ProjectClass } from '@fovea/api';
import { useTranslation } from 'react-i18next';
import { formatCount, formatPercent } from '../../catalogue/format.js';
import type { NamedBox } from '../../parts/boxed-picture.js';
import { ClassDot } from '../../parts/class-dot.js';
import { Slider } from '../../parts/slider.js';
import { Group } from './facts.js';

/** A prediction to list and, where it has a place in the picture, to draw. */
export interface ShownPrediction extends Omit<NamedBox, 'box'> {
  readonly model: string;
  readonly confidence: number;
  readonly box: NamedBox['box'] | null;
}

/** Predictions in the classes' own colours; classes the project has not come after those it has. */
export function shownPredictions(
  known: MediaFacts['predictions'],
  classes: readonly ProjectClass[],
): ShownPrediction[] {
  const indices = new Map(classes.map(({ name, index }) => [name, index]));
  for (const { className } of known) if (!indices.has(className)) indices.set(className, indices.size);
  return known.map(({ shape, ...prediction }) => ({
    ...(shape as Partial<NamedBox> | null),
    ...prediction,
    classIndex: indices.get(prediction.className)!,
  }));
}

/** What models say of a picture: one after another on and off, as sure as wanted. */
export function Predictions({
  all,
  off,
  least,
  lit,
  onToggle,
  onLeast,
  onLit,
}: {
  all: readonly ShownPrediction[];
  /** Models that are not shown. */
  off: ReadonlySet<string>;
  /** Those less sure are not shown. */
  least: number;
  lit: ShownPrediction | null;
  onToggle: (model: string) => void;
  onLeast: (least: number) => void;
  onLit: (one: ShownPrediction | null) => void;
}) {
  const { t } = useTranslation('picture');
  const models = [...new Set(all.map(({ model }) => model))];
  if (models.length === 0) return null;
  const sure = all.filter(({ confidence }) => confidence >= least);
  return (
    <Group title={t('predictions')}>
      <Slider
        label={t('confidence')}
        value={least}
        min={0}
        max={1}
        step={0.01}
        text={formatPercent(least)}
        onChange={onLeast}
      />
      {models.map((model) => {
        const own = sure.filter((one) => one.model === model);
        return (
          <div key={model} className="mt-2">
            <button
              type="button"
              aria-pressed={!off.has(model)}
              onClick={() => onToggle(model)}
              className="inline-flex h-7 max-w-full items-center gap-2 rounded-md border border-line px-2.5 text-ink-2 hover:bg-hover aria-pressed:border-accent aria-pressed:text-accent"
            >
              <span className="w-4 border-t-2 border-dashed border-current" aria-hidden />
              <span className="truncate">{t('predictionsOf', { model, text: formatCount(own.length) })}</span>
            </button>
            {!off.has(model) && (
              <ul className="mt-1" onMouseLeave={() => onLit(null)}>
                {own.slice(0, 100).map((one, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: two may be equal, and their order stays.
                  <li key={index}>
                    <button
                      type="button"
                      onMouseEnter={() => onLit(one)}
                      onFocus={() => onLit(one)}
                      onBlur={() => onLit(null)}
                      onClick={() => onLit(lit === one ? null : one)}
                      className="flex h-7 w-full items-center gap-3 rounded-sm px-2 text-left hover:bg-hover focus-visible:outline-offset-[-2px]"
                    >
                      <ClassDot index={one.classIndex} />
                      <span className="min-w-0 flex-1 truncate">{one.className}</span>
                      <span className="text-12 text-ink-2">{formatPercent(one.confidence)}</span>
                    </button>
                  </li>
                ))}
              </ul>
            )}
          </div>
        );
      })}
    </Group>
  );
}
