import { useCallback, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatPercent } from '../../catalogue/format.js';
import { BoxedPicture } from '../../parts/boxed-picture.js';
import { Slider } from '../../parts/slider.js';
import { Detections } from './detections.js';
import { leastConfidence, usePrediction } from './prediction.js';
import { pictureHeight, type Tried, TryFrame } from './try-frame.js';

/** Tries a detector: its boxes over the picture, and how sure they have to be. */
export function TryBoxes(tried: Tried) {
  const { t } = useTranslation('model');
  const { shown, predict, ...state } = usePrediction(tried.model.name, tried.version.version, 'detection');
  const [confidence, setConfidence] = useState(0.3);
  const [lit, setLit] = useState<number | null>(null);
  const take = useCallback(
    ([first]: { image: Blob; name: string }[]) => {
      setLit(null);
      if (first) void predict(first.image, first.name);
    },
    [predict],
  );
  const kept = shown?.answer.predictions.filter((one) => one.confidence >= confidence) ?? [];
  return (
    <TryFrame
      tried={tried}
      {...state}
      title={shown ? t('foundCount', { count: kept.length }) : t('tryIt')}
      controls={
        <Slider
          label={t('confidence')}
          value={confidence}
          min={leastConfidence}
          max={0.95}
          step={0.01}
          text={formatPercent(confidence)}
          onChange={setConfidence}
        />
      }
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
            boxes={kept}
            lit={lit}
            labels={lit === null ? kept.length <= 24 : 'lit'}
            maxHeight={pictureHeight}
          />
        )
      }
      findings={<Detections found={kept} shown={shown !== null} lit={lit} onLit={setLit} />}
    />
  );
}
