import type { LabelMap, MediaItem } from '@fovea/api';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { formatShare } from '../../catalogue/format.js';
import { ClassDot } from '../../parts/class-dot.js';
import { ClassShares } from '../../parts/class-shares.js';
import { LabelStrength } from '../../parts/label-overlay.js';
import { shapeKind } from '../../parts/shape-path.js';

/** The kinds of labels a picture has, in words. */
export function labelState(
  t: TFunction<'data'>,
  { labelled, boxed, annotations, classes, labelMap }: MediaItem,
): string {
  if (!labelled) return t('notLabelled');
  const kinds = [
    ...(classes.length > 0 ? [t('isClassified')] : []),
    ...(labelMap ? [t('isMapped')] : []),
    ...(annotations.length > 0 ? [t('isBoxed')] : boxed ? [t('isBackground')] : []),
  ];
  return kinds.join(' · ');
}

/** The classes of a picture as a whole. */
export function Classes({ item }: { item: MediaItem }) {
  const { t } = useTranslation('data');
  return (
    <section className="border-b border-line p-4">
      <h3 className="mb-2 font-medium">{t('classesOfPicture', { count: item.classes.length })}</h3>
      <ul className="flex flex-wrap gap-2">
        {item.classes.map(({ className, classIndex }) => (
          <li
            key={classIndex}
            className="inline-flex h-7 max-w-full items-center gap-2 rounded-md border border-line px-2.5"
          >
            <ClassDot index={classIndex} />
            <span className="truncate">{className}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The classes of a picture's pixels, each with its share, and how strong they are drawn. */
export function Pixels({
  item,
  map,
  opacity,
  onOpacity,
}: {
  item: MediaItem;
  map: LabelMap;
  opacity: number;
  onOpacity: (opacity: number) => void;
}) {
  const { t } = useTranslation('data');
  const all = item.width * item.height;
  const unlabelled = all - map.classes.reduce((sum, { pixels }) => sum + pixels, 0);
  return (
    <section className="border-b border-line p-4">
      <div className="mb-2 flex items-center justify-between gap-4 max-md:flex-wrap">
        <h3 className="font-medium">{t('pixelClasses', { count: map.classes.length })}</h3>
        <LabelStrength className="w-56" opacity={opacity} onOpacity={onOpacity} />
      </div>
      <ClassShares classes={map.classes.map(({ pixels, ...of }) => ({ ...of, share: pixels / all }))}>
        {unlabelled > 0 && (
          <li className="flex h-8 items-center gap-3 px-2 text-ink-3">
            <span className="min-w-0 flex-1 truncate pl-5.5">{t('pixelsUnlabelled')}</span>
            <span className="w-14 text-right font-mono text-12">{formatShare(unlabelled / all)}</span>
          </li>
        )}
      </ClassShares>
    </section>
  );
}

/** The objects marked in a picture; pointing at one lights it. */
export function Boxes({
  item,
  lit,
  onLit,
}: {
  item: MediaItem;
  lit: number | null;
  onLit: (index: number | null) => void;
}) {
  const { t } = useTranslation('data');
  return (
    <section className="p-4">
      <h3 className="mb-2 font-medium">{t('boxCount', { count: item.annotations.length })}</h3>
      {item.annotations.length === 0 && <p className="text-ink-2">{item.labelled ? t('background') : t('noBoxes')}</p>}
      <ul onMouseLeave={() => onLit(null)}>
        {item.annotations.map((one, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two may be equal, and their order stays.
          <li key={`${one.className}-${one.box.join()}-${index}`}>
            <button
              type="button"
              onMouseEnter={() => onLit(index)}
              onFocus={() => onLit(index)}
              onBlur={() => onLit(null)}
              onClick={() => onLit(lit === index ? null : index)}
              className="flex h-8 w-full items-center gap-3 rounded-sm px-2 text-left hover:bg-hover focus-visible:outline-offset-[-2px]"
            >
              <ClassDot index={one.classIndex} />
              <span className="min-w-0 flex-1 truncate">
                {one.className}
                {one.isCrowd && <span className="ml-2 text-12 text-ink-3">{t('crowd')}</span>}
              </span>
              {shapeKind(one) && <span className="text-12 text-ink-3">{t(`shape.${shapeKind(one)!}`)}</span>}
              <span className="font-mono text-12 text-ink-3">
                {one.box.map((value) => Math.round(value)).join(', ')}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
