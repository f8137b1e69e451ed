import type { Model, ModelVersion } from '@fovea/api';
import { useQuery } from '@tanstack/react-query';
import { ImageUp, LoaderCircle } from 'lucide-react';
import { useCallback, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatMilliseconds, formatPercent } from '../../catalogue/format.js';
import { api } from '../../data/api.js';
import { samplesQuery } from '../../data/queries.js';
import { useKeys } from '../../frame/keys.js';
import { BoxedPicture } from '../../parts/boxed-picture.js';
import { Button } from '../../parts/button.js';
import { Failure } from '../../parts/failure.js';
import { Slider } from '../../parts/slider.js';
import { DropTarget } from '../data/drop-target.js';
import { Detections } from './detections.js';
import { HeldOut } from './held-out.js';
import { leastConfidence, usePrediction } from './prediction.js';

/** A place to drop a picture and see at once what the model sees in it. */
export function TryIt({ model, version, project }: { model: Model; version: ModelVersion; project: string }) {
  const { t } = useTranslation('model');
  const { shown, pending, error, predict } = usePrediction(model.name, version.version);
  const [confidence, setConfidence] = useState(0.3);
  const [lit, setLit] = useState<number | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const samples = useQuery({ ...samplesQuery(version.runId ?? ''), enabled: version.runId !== null });
  const heldOut = samples.data?.latest?.pictures ?? [];
  const take = useCallback(
    (files: File[]) => {
      setLit(null);
      if (files[0]) void predict(files[0], files[0].name);
    },
    [predict],
  );
  useKeys(t('keys'), [{ keys: 'o', label: t('choose'), run: () => field.current?.click() }]);
  const kept = shown?.answer.predictions.filter((one) => one.confidence >= confidence) ?? [];

  return (
    <section className="panel overflow-hidden" aria-label={t('tryIt')}>
      <div className="grid lg:grid-cols-[minmax(0,1fr)_20rem]">
        <div className="relative flex h-[30rem] items-center justify-center bg-sunken max-md:h-72">
          {shown && (
            <BoxedPicture
              src={shown.url}
              alt={shown.name}
              width={shown.answer.image.width}
              height={shown.answer.image.height}
              boxes={kept}
              lit={lit}
              labels={lit === null ? kept.length <= 24 : 'lit'}
              maxHeight="min(30rem, 100cqh)"
            />
          )}
          {!shown && !error && (
            <button
              type="button"
              onClick={() => field.current?.click()}
              className="m-4 flex h-[calc(100%-2rem)] w-full flex-col items-center justify-center gap-3 rounded-md border-2 border-dashed border-line-field px-6 text-center transition-colors hover:border-accent hover:bg-accent-soft"
            >
              <ImageUp className="size-6 text-ink-3" aria-hidden />
              <span className="text-16 font-medium">{t('dropTitle')}</span>
              <span className="max-w-sm text-balance text-ink-2">{t('dropText')}</span>
            </button>
          )}
          {error !== null && (
            <div className="absolute inset-0 overflow-y-auto bg-sunken px-6">
              <Failure error={error} what={t('predictFailed')} />
            </div>
          )}
          {pending && (
            <div
              role="status"
              className="appear absolute right-3 bottom-3 flex items-center gap-2 rounded-md bg-raised px-3 py-1.5 text-12 shadow-float"
            >
              <LoaderCircle className="size-4 animate-spin text-accent" aria-hidden />
              {t('looking')}
            </div>
          )}
        </div>
        <div className="flex min-h-0 flex-col border-line max-lg:border-t lg:h-[30rem] lg:border-l">
          <div className="space-y-3 border-b border-line p-4">
            <div className="flex h-8 items-center justify-between gap-2">
              <h2 className="font-medium">{shown ? t('foundCount', { count: kept.length }) : t('tryIt')}</h2>
              <Button onClick={() => field.current?.click()}>{t('choose')}</Button>
            </div>
            <Slider
              label={t('confidence')}
              value={confidence}
              min={leastConfidence}
              max={0.95}
              step={0.01}
              text={formatPercent(confidence)}
              onChange={setConfidence}
            />
            <p className="h-4 truncate text-12 text-ink-3">
              {shown &&
                t('latency', {
                  model: formatMilliseconds(shown.answer.timings.inferenceMs),
                  all: formatMilliseconds(shown.roundTripMs),
                })}
            </p>
          </div>
          <Detections found={kept} shown={shown !== null} lit={lit} onLit={setLit} />
        </div>
      </div>
      <HeldOut
        project={project}
        pictures={heldOut}
        pending={version.runId !== null && samples.isPending}
        current={shown?.name}
        onChoose={async (picture) => {
          setLit(null);
          const response = await fetch(api.contentUrl(project, picture.sha256));
          await predict(await response.blob(), picture.name);
        }}
      />
      <input
        ref={field}
        type="file"
        accept="image/*"
        hidden
        data-predict
        onChange={(event) => {
          take([...(event.target.files ?? [])]);
          event.target.value = '';
        }}
      />
      <DropTarget text={t('dropHere', { model: model.name })} onFiles={take} />
    </section>
  );
}
