import type { ModelCard } from '@fovea/api';
import { useCallback, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatFigure } from '../../catalogue/format.js';
import { BoxedPicture } from '../../parts/boxed-picture.js';
import { Button } from '../../parts/button.js';
import { type EmbeddedPicture, similarity, useEmbeddedPictures } from './embedded-pictures.js';
import { type Tried, TryFrame } from './try-frame.js';

/** Tries an embedder: one picture, others beside it, and how alike the model holds them. */
export function TryLikeness(tried: Tried) {
  const { t } = useTranslation('model');
  const { pictures, add, ...state } = useEmbeddedPictures(tried.model.name, tried.version.version);
  const [anchor, setAnchor] = useState<number | null>(null);
  const [beside, setBeside] = useState<number | null>(null);
  const take = useCallback(
    async (given: { image: Blob; name: string }[]) => {
      const added = await add(given, anchor);
      if (added.length === 0) return;
      setAnchor((now) => now ?? added[0]!.id);
      setBeside(added.at(-1)!.id);
    },
    [add, anchor],
  );
  const one = pictures.find(({ id }) => id === anchor);
  const ranked = pictures
    .filter((picture) => picture !== one)
    .map((picture) => ({ picture, cosine: one ? similarity(one, picture) : 0 }))
    .sort((a, b) => b.cosine - a.cosine);
  const other = ranked.find(({ picture }) => picture.id === beside) ?? ranked[0];
  const last = pictures.at(-1);
  const compareWith = (id: number) => {
    setAnchor(id);
    setBeside(anchor);
  };
  return (
    <TryFrame
      tried={tried}
      {...state}
      several
      title={other ? t('similarity') : t('tryIt')}
      empty={{ title: t('dropTwoTitle'), text: t('dropText') }}
      timing={last ? { ...last.answer.timings, roundTripMs: last.roundTripMs } : null}
      current={other?.picture.name ?? one?.name}
      onPictures={take}
      controls={other && <Verdict cosine={other.cosine} card={tried.version.card} />}
      picture={
        one ? (
          <div className="grid size-full grid-cols-2 gap-1 p-1">
            <Slot picture={one} />
            {other ? (
              <Slot picture={other.picture} />
            ) : (
              <p className="flex items-center justify-center p-6 text-center text-balance text-ink-2">
                {t('dropAnother')}
              </p>
            )}
          </div>
        ) : null
      }
      findings={
        one && other ? (
          <Ranking
            ranked={ranked}
            shown={other.picture.id}
            onShow={setBeside}
            onCompareWith={() => compareWith(other.picture.id)}
          />
        ) : (
          <p className="p-4 text-ink-2">{t('tryLikeness')}</p>
        )
      }
    />
  );
}

function Slot({ picture: { url, name, answer } }: { picture: EmbeddedPicture }) {
  const { width, height } = answer.image;
  return (
    <figure className="flex min-h-0 min-w-0 flex-col items-center">
      <div className="flex min-h-0 w-full flex-1 items-center justify-center">
        <BoxedPicture
          src={url}
          alt={name}
          width={width}
          height={height}
          boxes={[]}
          maxHeight="calc(100cqh - 2.5rem)"
          className="rounded-sm"
        />
      </div>
      <figcaption className="h-6 max-w-full truncate px-2 text-12 leading-6 text-ink-2">{name}</figcaption>
    </figure>
  );
}

/** The similarity on its scale from -1 to 1, and what it was worth on held-out pictures, where that was measured. */
function Verdict({ cosine, card }: { cosine: number; card: ModelCard }) {
  const { t } = useTranslation('model');
  const threshold = equalErrorOf(card);
  const place = (value: number) => `${((Math.min(1, Math.max(-1, value)) + 1) / 2) * 100}%`;
  return (
    <div className="space-y-2">
      <p className="text-28 font-semibold tracking-tight text-accent">{formatFigure(cosine)}</p>
      <div className="relative h-1.5 rounded-full bg-line" aria-hidden>
        <div className="absolute inset-y-0 left-0 rounded-full bg-accent" style={{ width: place(cosine) }} />
        {threshold !== null && (
          <div className="absolute -inset-y-1 w-0.5 -translate-x-1/2 bg-ink" style={{ left: place(threshold) }} />
        )}
      </div>
      <div className="flex justify-between text-12 text-ink-3" aria-hidden>
        <span>−1</span>
        <span>0</span>
        <span>1</span>
      </div>
      <p className="text-12 text-ink-2">
        {threshold === null
          ? t('likenessUnknown')
          : t(cosine >= threshold ? 'likenessAbove' : 'likenessBelow', { threshold: formatFigure(threshold, 2) })}
      </p>
    </div>
  );
}

/** The similarity at which as many held-out pairs are wrongly taken for the same as wrongly for different. */
function equalErrorOf(card: ModelCard): number | null {
  const { eerThreshold } = (card.evaluation ?? {}) as { eerThreshold?: unknown };
  return typeof eerThreshold === 'number' ? eerThreshold : null;
}

/** The other pictures, nearest first. */
function Ranking({
  ranked,
  shown,
  onShow,
  onCompareWith,
}: {
  ranked: readonly { picture: EmbeddedPicture; cosine: number }[];
  shown: number;
  onShow: (id: number) => void;
  onCompareWith: () => void;
}) {
  const { t } = useTranslation('model');
  return (
    <>
      <ol className="min-h-0 flex-1 overflow-y-auto p-2 max-lg:max-h-64" aria-label={t('nearestFirst')}>
        {ranked.map(({ picture, cosine }) => (
          <li key={picture.id}>
            <button
              type="button"
              aria-pressed={picture.id === shown}
              onClick={() => onShow(picture.id)}
              className="flex h-10 w-full items-center gap-3 rounded-sm px-2 text-left hover:bg-hover focus-visible:outline-offset-[-2px] aria-pressed:bg-accent-soft"
            >
              <img src={picture.url} alt="" className="size-8 shrink-0 rounded-sm object-cover" />
              <span className="min-w-0 flex-1 truncate">{picture.name}</span>
              <span className="font-medium">{formatFigure(cosine, 2)}</span>
            </button>
          </li>
        ))}
      </ol>
      <div className="border-t border-line p-2">
        <Button tone="quiet" onClick={onCompareWith}>
          {t('compareWithThis')}
        </Button>
      </div>
    </>
  );
}
