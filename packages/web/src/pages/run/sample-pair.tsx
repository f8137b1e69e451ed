import type { Run, SampleSet } from '@fovea/api';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '../../data/api.js';
import { BoxedPicture, type NamedBox } from '../../parts/boxed-picture.js';
import { matchBoxes } from './match-boxes.js';

/** One held-out picture twice: as people labelled it, and as the model saw it. */
export const SamplePair = memo(function SamplePair({
  run,
  picture,
  classes,
  confidence,
}: {
  run: Run;
  picture: SampleSet['pictures'][number];
  /** The project's classes, whose order gives the colours. */
  classes: readonly string[];
  confidence: number;
}) {
  const { t } = useTranslation('run');
  const named = (className: string) => Math.max(0, classes.indexOf(className));
  const truth: NamedBox[] = picture.groundTruth.map((one) => ({ ...one, classIndex: named(one.className) }));
  const found: NamedBox[] = picture.predictions
    .filter((one) => one.confidence >= confidence)
    .map((one) => ({ ...one, classIndex: classes.includes(one.className) ? named(one.className) : one.classIndex }));
  const { matched, extra } = matchBoxes(picture.groundTruth, picture.predictions, confidence);
  // The thumbnail is enough for half a column, and the browser has it from the wall.
  const src = api.thumbnailUrl(run.project, picture.sha256);
  const shape = { src, width: picture.width, height: picture.height, line: 1.75 };
  return (
    <li className="pt-2">
      <div className="grid grid-cols-2 gap-1">
        <BoxedPicture {...shape} alt={t('truthOf', { name: picture.name })} boxes={truth} className="rounded-sm" />
        <BoxedPicture {...shape} alt={t('predictedOf', { name: picture.name })} boxes={found} className="rounded-sm" />
      </div>
      <div className="flex h-6 items-center justify-between gap-4 text-12 text-ink-3">
        <span className="truncate">{picture.name}</span>
        <span className="shrink-0">
          {t('found', { matched, total: truth.length })}
          {extra > 0 && ` · ${t('extra', { count: extra })}`}
        </span>
      </div>
    </li>
  );
});
