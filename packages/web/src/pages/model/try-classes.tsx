import type { ClassConfidence } from '@fovea/api';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { formatShare } from '../../catalogue/format.js';
import { BoxedPicture } from '../../parts/boxed-picture.js';
import { ClassDot } from '../../parts/class-dot.js';
import { usePrediction } from './prediction.js';
import { pictureHeight, type Tried, TryFrame } from './try-frame.js';

/** Tries a classifier: what it holds the picture for, and how sure it is of each class. */
export function TryClasses(tried: Tried) {
  const { t } = useTranslation('model');
  const { shown, predict, ...state } = usePrediction(tried.model.name, tried.version.version, 'classification');
  const take = useCallback(
    ([first]: { image: Blob; name: string }[]) => void (first && predict(first.image, first.name)),
    [predict],
  );
  const classes = shown?.answer.classes ?? [];
  return (
    <TryFrame
      tried={tried}
      {...state}
      title={classes[0]?.className ?? t('tryIt')}
      timing={shown && { ...shown.answer.timings, roundTripMs: shown.roundTripMs }}
      current={shown?.name}
      onPictures={take}
      picture={
        shown && (
          <BoxedPicture
            src={shown.url}
            alt={shown.name}
            width={shown.answer.image.width}
            height={shown.answer.image.height}
            boxes={[]}
            maxHeight={pictureHeight}
          />
        )
      }
      findings={
        shown ? (
          <Likeliest classes={classes} all={tried.version.card.classNames.length} />
        ) : (
          <p className="p-4 text-ink-2">{t('tryClasses')}</p>
        )
      }
    />
  );
}

/** Classes with their probabilities as bars, the likeliest first; of those not listed how many, and their sum. */
function Likeliest({ classes, all }: { classes: readonly ClassConfidence[]; all: number }) {
  const { t } = useTranslation('model');
  const rest = all - classes.length;
  const share = Math.max(0, 1 - classes.reduce((sum, { confidence }) => sum + confidence, 0));
  return (
    <ol className="min-h-0 flex-1 space-y-1 overflow-y-auto p-4 max-lg:max-h-64">
      {classes.map(({ className, classIndex, confidence }, index) => (
        <li key={classIndex} className="space-y-1.5 py-1">
          <div className={`flex items-center gap-2 ${index === 0 ? 'font-medium' : 'text-ink-2'}`}>
            <ClassDot index={classIndex} />
            <span className="min-w-0 flex-1 truncate">{className}</span>
            <span>{formatShare(confidence)}</span>
          </div>
          <div className="h-1.5 overflow-hidden rounded-full bg-line" aria-hidden>
            <div
              className={`h-full rounded-full ${index === 0 ? 'bg-accent' : 'bg-ink-3'}`}
              style={{ width: `${confidence * 100}%` }}
            />
          </div>
        </li>
      ))}
      {rest > 0 && (
        <li className="pt-1 text-12 text-ink-3">{t('moreClasses', { count: rest, share: formatShare(share) })}</li>
      )}
    </ol>
  );
}
