import type { Model, ModelVersion } from '@fovea/api';
import { useQuery } from '@tanstack/react-query';
import { ImageUp, LoaderCircle } from 'lucide-react';
import { type ReactNode, useCallback, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { formatMilliseconds } from '../../catalogue/format.js';
import { api } from '../../data/api.js';
import { firstPicturesQuery, samplesQuery } from '../../data/queries.js';
import { useKeys } from '../../frame/keys.js';
import { Button } from '../../parts/button.js';
import { Failure } from '../../parts/failure.js';
import { DropTarget } from '../data/drop-target.js';
import { HeldOut } from './held-out.js';

/** Which model is tried. */
export interface Tried {
  readonly model: Model;
  readonly version: ModelVersion;
  readonly project: string;
}

/** The height a picture may have in the frame. */
export const pictureHeight = '100cqh';

/** What every task's try-it has: a place for the picture, its findings beside it, and pictures to begin with. */
export function TryFrame({
  tried: { model, version, project },
  title,
  controls,
  findings,
  picture,
  empty,
  pending,
  error,
  timing,
  current,
  several = false,
  onPictures,
}: {
  tried: Tried;
  title: string;
  controls?: ReactNode;
  findings: ReactNode;
  /** What was given and what was seen in it; null before anything was given. */
  picture: ReactNode | null;
  /** What the place for the picture says before there is one. */
  empty?: { readonly title: string; readonly text: string };
  pending: boolean;
  error: unknown;
  /** How long the last answer took, in milliseconds. */
  timing: { readonly inferenceMs: number; readonly roundTripMs: number } | null;
  /** Name of the picture shown. */
  current: string | undefined;
  /** Whether it takes more than one picture at a time. */
  several?: boolean;
  onPictures: (pictures: { image: Blob; name: string }[]) => void;
}) {
  const { t } = useTranslation('model');
  const field = useRef<HTMLInputElement>(null);
  const samples = useQuery({ ...samplesQuery(version.runId ?? ''), enabled: version.runId !== null });
  const heldOut = samples.data?.latest?.pictures ?? [];
  // Not every run keeps samples; then the project's own pictures are better than none, and are called what they are.
  const ownPictures = version.runId === null || (samples.isFetched && heldOut.length === 0);
  const own = useQuery({ ...firstPicturesQuery(project), enabled: ownPictures });
  const take = useCallback(
    (files: File[]) => {
      const taken = (several ? files : files.slice(0, 1)).map((file) => ({ image: file, name: file.name }));
      if (taken.length > 0) onPictures(taken);
    },
    [several, onPictures],
  );
  useKeys(t('keys'), [
    { keys: 'o', label: t(several ? 'chooseSeveral' : 'choose'), run: () => field.current?.click() },
  ]);
  return (
    <section className="panel overflow-hidden" aria-label={t('tryIt')}>
      <div className="grid lg:grid-cols-[minmax(0,1fr)_20rem]">
        <div className="relative flex h-[30rem] items-center justify-center bg-sunken [container-type:size] max-md:h-72">
          {picture}
          {picture === null && error === null && (
            <button
              type="button"
              onClick={() => field.current?.click()}
              className="m-4 flex h-[calc(100%-2rem)] w-full flex-col items-center justify-center gap-3 rounded-md border-2 border-dashed border-line-field px-6 text-center transition-colors hover:border-accent hover:bg-accent-soft"
            >
              <ImageUp className="size-6 text-ink-3" aria-hidden />
              <span className="text-16 font-medium">{empty?.title ?? t('dropTitle')}</span>
              <span className="max-w-sm text-balance text-ink-2">{empty?.text ?? t('dropText')}</span>
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
              <h2 className="min-w-0 truncate font-medium">{title}</h2>
              <Button onClick={() => field.current?.click()}>{t(several ? 'chooseSeveral' : 'choose')}</Button>
            </div>
            {controls}
            <p className="h-4 truncate text-12 text-ink-3">
              {timing &&
                t('latency', {
                  model: formatMilliseconds(timing.inferenceMs),
                  all: formatMilliseconds(timing.roundTripMs),
                })}
            </p>
          </div>
          {findings}
        </div>
      </div>
      <HeldOut
        project={project}
        pictures={ownPictures ? (own.data ?? []) : heldOut}
        text={t(ownPictures ? 'orOwn' : 'orHeldOut')}
        pending={ownPictures ? own.isPending : samples.isPending}
        current={current}
        onChoose={async (chosen) => {
          const response = await fetch(api.contentUrl(project, chosen.sha256));
          onPictures([{ image: await response.blob(), name: chosen.name }]);
        }}
      />
      <input
        ref={field}
        type="file"
        accept="image/*"
        multiple={several}
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
