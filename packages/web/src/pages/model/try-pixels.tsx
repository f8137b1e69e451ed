import { useCallback, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { BoxedPicture } from '../../parts/boxed-picture.js';
import { ClassShares } from '../../parts/class-shares.js';
import { LabelOverlay, LabelStrength, useColoured, usualOpacity } from '../../parts/label-overlay.js';
import { usePrediction } from './prediction.js';
import { pictureHeight, type Tried, TryFrame } from './try-frame.js';

/** Tries a segmenter: every pixel in the colour of its class, and how much of the picture each class has. */
export function TryPixels(tried: Tried) {
  const { t } = useTranslation(['model', 'data']);
  const { shown, predict, ...state } = usePrediction(tried.model.name, tried.version.version, 'segmentation');
  const [opacity, setOpacity] = useState(usualOpacity);
  const [lit, setLit] = useState<number | null>(null);
  const take = useCallback(
    ([first]: { image: Blob; name: string }[]) => {
      setLit(null);
      if (first) void predict(first.image, first.name);
    },
    [predict],
  );
  const overlay = useColoured(shown?.answer.segmentation.labelMap, lit);
  const present = useMemo(
    () =>
      (shown?.answer.segmentation.classes ?? []).filter(({ share }) => share > 0).toSorted((a, b) => b.share - a.share),
    [shown],
  );
  return (
    <TryFrame
      tried={tried}
      {...state}
      title={shown ? t('data:pixelClasses', { count: present.length }) : t('tryIt')}
      controls={<LabelStrength opacity={opacity} onOpacity={setOpacity} />}
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
            under={overlay && <LabelOverlay src={overlay} opacity={opacity} />}
            maxHeight={pictureHeight}
          />
        )
      }
      findings={
        shown ? (
          <ClassShares
            classes={present}
            lit={lit}
            onLit={setLit}
            className="min-h-0 flex-1 overflow-y-auto p-2 max-lg:max-h-64"
          />
        ) : (
          <p className="p-4 text-ink-2">{t('tryPixels')}</p>
        )
      }
    />
  );
}
