import type { Run, SampleSet } from '@fovea/api';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { formatPercent } from '../../catalogue/format.js';
import { api } from '../../data/api.js';
import { BoxedPicture, type NamedBox } from '../../parts/boxed-picture.js';
import { ClassChips } from '../../parts/class-chips.js';
import { LabelOverlay, useColoured } from '../../parts/label-overlay.js';
import { matchBoxes } from './match-boxes.js';

function isBoxed<T extends { box?: [number, number, number, number] }>(
  one: T,
): one is T & { box: NonNullable<T['box']> } {
  return one.box !== undefined;
}

/** One held-out picture twice: as people labelled it, and as the model saw it. */
export const SamplePair = memo(function SamplePair({
  run,
  picture,
  classes,
  confidence,
  opacity,
}: {
  run: Run;
  picture: SampleSet['pictures'][number];
  /** The project's classes, whose order gives the colours. */
  classes: readonly string[];
  confidence: number;
  /** Of label maps, 0 to 1. */
  opacity: number;
}) {
  const { t } = useTranslation('run');
  const named = (className: string) => Math.max(0, classes.indexOf(className));
  const all = picture.groundTruth.map((one) => ({ ...one, classIndex: named(one.className) }));
  const said = picture.predictions.map((one) => ({
    ...one,
    classIndex: classes.includes(one.className) ? named(one.className) : one.classIndex,
  }));
  const truth: NamedBox[] = all.filter(isBoxed);
  const found: NamedBox[] = said.filter(isBoxed).filter((one) => one.confidence >= confidence);
  // Of the whole picture: what it is, and what the model holds it for, however sure, surest first.
  const classesOf = all.filter((one) => !isBoxed(one));
  const heldFor = said.filter((one) => !isBoxed(one));
  const { matched, extra } = matchBoxes(truth, said.filter(isBoxed), confidence);
  const isRight = classesOf.some(({ className }) => className === heldFor[0]?.className);
  const { labelMaps } = picture;
  const [truePixels, foundPixels] = [useColoured(labelMaps?.truth), useColoured(labelMaps?.predicted)];
  const under = (url: string | null) => url && <LabelOverlay src={url} opacity={opacity} />;
  // The thumbnail is enough for half a column, and the browser has it from the wall.
  const src = api.thumbnailUrl(run.project, picture.sha256);
  const shape = { src, width: picture.width, height: picture.height, line: 1.75 };
  return (
    <li className="pt-2">
      <div className="grid grid-cols-2 gap-1">
        <BoxedPicture
          {...shape}
          alt={t('truthOf', { name: picture.name })}
          boxes={truth}
          under={under(truePixels)}
          className="rounded-sm"
        >
          <ClassChips classes={classesOf} />
        </BoxedPicture>
        <BoxedPicture
          {...shape}
          alt={t('predictedOf', { name: picture.name })}
          boxes={found}
          under={under(foundPixels)}
          className="rounded-sm"
        >
          <ClassChips
            classes={heldFor.map((one) => ({ ...one, className: `${one.className} ${formatPercent(one.confidence)}` }))}
          />
        </BoxedPicture>
      </div>
      <div className="flex h-6 items-center justify-between gap-4 text-12 text-ink-3">
        <span className="truncate">{picture.name}</span>
        <span className="shrink-0">
          {labelMaps
            ? labelMaps.pixelAccuracy !== null && t('pixelsRight', { share: formatPercent(labelMaps.pixelAccuracy) })
            : classesOf.length > 0
              ? t(isRight ? 'right' : 'wrong')
              : t('found', { matched, total: truth.length })}
          {extra > 0 && ` · ${t('extra', { count: extra })}`}
        </span>
      </div>
    </li>
  );
});
