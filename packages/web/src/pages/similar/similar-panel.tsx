import type { MediaItem } from '@fovea/api';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Crop, Images, Sparkles, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { formatFigure } from '../../catalogue/format.js';
import { similarQuery } from '../../data/curation-queries.js';
import { Button, Keys } from '../../parts/button.js';
import { Failure } from '../../parts/failure.js';
import { JobLine } from '../../parts/job-line.js';
import { ComputeMissing, useModelChoice } from '../../parts/model-bar.js';
import { PictureGrid } from '../../parts/picture-grid.js';
import { range } from '../../parts/range.js';
import type { Region } from './region.js';

const count = 30;

/** Pictures like one, most alike first with their cosine; like all of it or like a region drawn on it. */
export function SimilarPanel({
  project,
  item,
  model: named,
  region,
  isDrawing,
  onModel,
  onRegion,
  onDrawing,
  onOpen,
}: {
  project: string;
  item: Pick<MediaItem, 'sha256'>;
  /** Absent: it is closed; empty: the model with most vectors. */
  model: string | undefined;
  region: Region | undefined;
  /** A region is about to be drawn. */
  isDrawing: boolean;
  onModel: (model: string | undefined) => void;
  onRegion: (region: undefined) => void;
  onDrawing: (isDrawing: boolean) => void;
  onOpen: (picture: { readonly sha256: string }) => void;
}) {
  const { t } = useTranslation(['similar', 'curation']);
  const isOpen = named !== undefined;
  return (
    <section className="border-b border-line p-4" aria-label={t('title')}>
      <div className="flex items-center gap-2">
        <h2 className="min-w-0 flex-1 font-medium">{t('title')}</h2>
        <Button tone="quiet" aria-expanded={isOpen} onClick={() => onModel(isOpen ? undefined : 'any')}>
          {isOpen ? <X aria-hidden /> : <Sparkles aria-hidden />}
          {isOpen ? t('close') : t('show')}
          {!isOpen && <Keys keys="m" />}
        </Button>
      </div>
      {isOpen && (
        <Found {...{ project, item, region, isDrawing, onRegion, onDrawing, onOpen }} named={named} onModel={onModel} />
      )}
    </section>
  );
}

function Found({
  project,
  item,
  named,
  region,
  isDrawing,
  onModel,
  onRegion,
  onDrawing,
  onOpen,
}: {
  project: string;
  item: Pick<MediaItem, 'sha256'>;
  named: string;
  region: Region | undefined;
  isDrawing: boolean;
  onModel: (model: string) => void;
  onRegion: (region: undefined) => void;
  onDrawing: (isDrawing: boolean) => void;
  onOpen: (picture: { readonly sha256: string }) => void;
}) {
  const { t } = useTranslation(['similar', 'curation']);
  const navigate = useNavigate();
  const choice = useModelChoice(project, named);
  const { chosen, work } = choice;
  const found = useQuery({
    ...similarQuery(project, item.sha256, { model: chosen?.model ?? '', region, count }),
    enabled: chosen !== undefined && chosen.embedded > 0,
  });
  if (choice.failure) {
    return <Failure error={choice.failure} what={t('curation:modelsFailed')} onRetry={choice.retry} />;
  }
  const items = found.data?.items.filter(({ sha256 }) => sha256 !== item.sha256) ?? [];
  return (
    <div className="mt-3 space-y-3">
      <div className="flex flex-wrap items-center gap-2">
        <select
          aria-label={t('curation:comparedBy')}
          className="field w-auto max-w-full min-w-0 flex-1"
          value={chosen?.model ?? ''}
          onChange={(event) => onModel(event.target.value)}
        >
          {choice.models.map(({ model, embedded }) => (
            <option key={model} value={model}>
              {embedded > 0 ? model : t('curation:modelWithout', { model })}
            </option>
          ))}
        </select>
        {region ? (
          <Button onClick={() => onRegion(undefined)}>
            <X aria-hidden />
            {t('wholePicture')}
          </Button>
        ) : (
          <Button aria-pressed={isDrawing} onClick={() => onDrawing(!isDrawing)}>
            <Crop aria-hidden />
            {t('byRegion')}
          </Button>
        )}
      </div>
      {isDrawing && <p className="text-ink-2">{t('drawHint')}</p>}
      {chosen !== undefined && chosen.embedded === 0 ? (
        <>
          <p className="text-ink-2">{t('needs')}</p>
          {work.job ? (
            <JobLine job={work.job} label={t('curation:embedding')} className="flex-wrap" />
          ) : (
            <ComputeMissing chosen={chosen} work={work} tone="plain" />
          )}
        </>
      ) : found.isError ? (
        <p role="alert" className="text-bad wrap-anywhere">
          {found.error.message}
        </p>
      ) : found.data === undefined ? (
        <div className="grid grid-cols-3 gap-2" aria-busy="true">
          {range(9).map((key) => (
            <div key={key} className="skeleton aspect-square" />
          ))}
        </div>
      ) : (
        <>
          <PictureGrid
            project={project}
            items={items}
            label={t(region ? 'likeRegion' : 'likePicture')}
            note={({ similarity }) => formatFigure(similarity)}
            onOpen={onOpen}
            small
          />
          {items.length > 0 && (
            <Button
              onClick={() =>
                void navigate({
                  to: '/projects/$project/data',
                  params: { project },
                  search: { sha256: [item.sha256, ...items.map(({ sha256 }) => sha256)] },
                })
              }
            >
              <Images aria-hidden />
              {t('curation:showOnWall')}
            </Button>
          )}
        </>
      )}
    </div>
  );
}
