import type { MediaItem } from '@fovea/api';
import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { ChevronLeft, ChevronRight, ExternalLink, Maximize2, X } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatBytes, formatCount, formatMoment, formatSpan } from '../../catalogue/format.js';
import { api } from '../../data/api.js';
import { pictureQuery } from '../../data/queries.js';
import { IconButton } from '../../parts/button.js';
import { CopyButton } from '../../parts/copy-button.js';
import { Failure } from '../../parts/failure.js';
import { LabelledPicture } from '../../parts/labelled-picture.js';
import { splitLabel } from '../filter/filter-words.js';
import { Boxes, Classes, labelState, Pixels } from './labels.js';

/** The picture selected, large, with its facts and labels; at the right, or over all on a narrow screen. */
export function Inspector({
  project,
  sha256,
  known,
  place,
  showLabels,
  opacity,
  onOpacity,
  onStep,
  onOpen,
  onClose,
}: {
  project: string;
  sha256: string;
  /** The picture as the wall has it, if it does. */
  known: MediaItem | undefined;
  /** "3 of 400", where the wall knows it. */
  place: string | undefined;
  showLabels: boolean;
  /** Of its label map, 0 to 1. */
  opacity: number;
  onOpacity: (opacity: number) => void;
  onStep: (direction: 'left' | 'right') => void;
  /** Opens the picture's own page. */
  onOpen: (item: MediaItem) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation('data');
  const [lit, setLit] = useState<number | null>(null);
  const fetched = useQuery({ ...pictureQuery(project, sha256), enabled: known === undefined });
  const item = known ?? fetched.data;
  return (
    <aside
      aria-label={t('inspector')}
      className="slide-in flex min-h-0 w-[clamp(22rem,40vw,46rem)] shrink-0 flex-col border-l border-line bg-surface max-md:fixed max-md:inset-0 max-md:z-30 max-md:w-full max-md:border-0"
    >
      <div className="flex h-12 shrink-0 items-center gap-1 border-b border-line pr-2 pl-4">
        <h2 className="min-w-0 flex-1 truncate font-medium">{item?.name ?? ' '}</h2>
        <span className="px-2 text-12 text-ink-3">{place}</span>
        <IconButton label={t('previous')} keys="ArrowLeft" onClick={() => onStep('left')}>
          <ChevronLeft aria-hidden />
        </IconButton>
        <IconButton label={t('next')} keys="ArrowRight" onClick={() => onStep('right')}>
          <ChevronRight aria-hidden />
        </IconButton>
        <IconButton label={t('openPicture')} keys="Enter" disabled={!item} onClick={() => item && onOpen(item)}>
          <Maximize2 aria-hidden />
        </IconButton>
        <IconButton label={t('closeInspector')} keys="Escape" onClick={onClose}>
          <X aria-hidden />
        </IconButton>
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto">
        {fetched.isError && !item && (
          <Failure error={fetched.error} what={t('pictureFailed')} onRetry={fetched.refetch} />
        )}
        {!item && !fetched.isError && <div className="skeleton m-4 aspect-3/2" />}
        {item && (
          <>
            <div className="flex justify-center bg-sunken">
              <LabelledPicture
                project={project}
                item={item}
                showLabels={showLabels}
                opacity={opacity}
                lit={lit}
                namesUpTo={12}
                maxHeight="56vh"
              />
            </div>
            <Facts project={project} item={item} />
            {item.classes.length > 0 && <Classes item={item} />}
            {item.labelMap && <Pixels item={item} map={item.labelMap} opacity={opacity} onOpacity={onOpacity} />}
            {(item.boxed || !item.labelled) && <Boxes item={item} lit={lit} onLit={setLit} />}
          </>
        )}
      </div>
    </aside>
  );
}

function Facts({ project, item }: { project: string; item: MediaItem }) {
  const { t } = useTranslation(['data', 'filter']);
  const facts = [
    [t('size'), `${formatCount(item.width)} × ${formatCount(item.height)}`],
    [t('file'), `${item.format.toUpperCase()}, ${formatBytes(item.sizeBytes)}`],
    [t('added'), formatMoment(item.createdAt)],
    [t('state'), labelState(t as TFunction<'data'>, item)],
    [t('reviewed'), t(item.reviewed ? 'isReviewed' : 'notReviewed')],
    ...(item.split ? [[t('split'), splitLabel(t as never, item.split)] as const] : []),
    ...(item.tags.length > 0 ? [[t('tags'), item.tags.join(', ')] as const] : []),
    ...(item.video ? [[t('inVideo'), formatSpan(item.video.timeSeconds)] as const] : []),
  ] as const;
  return (
    <dl className="grid grid-cols-[auto_minmax(0,1fr)] items-center gap-x-6 gap-y-2 border-b border-line p-4">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-ink-3">{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
      <dt className="text-ink-3">SHA-256</dt>
      <dd className="flex min-w-0 items-center gap-1">
        <code className="truncate font-mono text-12">{item.sha256}</code>
        <CopyButton text={item.sha256} />
        <a
          href={api.contentUrl(project, item.sha256)}
          target="_blank"
          rel="noreferrer"
          aria-label={t('openOriginal')}
          title={t('openOriginal')}
          className="inline-flex size-8 shrink-0 items-center justify-center rounded-md text-ink-2 hover:bg-hover hover:text-ink"
        >
          <ExternalLink className="size-4" aria-hidden />
        </a>
      </dd>
    </dl>
  );
}
