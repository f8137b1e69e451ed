import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Radar } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { formatFigure } from '../../catalogue/format.js';
import { outliersQuery } from '../../data/curation-queries.js';
import { useCells } from '../../data/use-cells.js';
import { useGone } from '../../data/use-gone.js';
import { Empty } from '../../parts/empty.js';
import { Failure } from '../../parts/failure.js';
import { ModelBar, useModelChoice } from '../../parts/model-bar.js';
import { PictureGrid } from '../../parts/picture-grid.js';
import type { FindPart } from '../find-page.js';
import { SelectionBar } from '../map/selection-bar.js';
import { GridSkeleton, NeedsVectors } from './needs.js';

/** Pictures unlike all others, strangest first. */
export function Outliers({ project, search, change, open }: FindPart) {
  const { t } = useTranslation(['find', 'curation']);
  const navigate = useNavigate();
  const choice = useModelChoice(project, search.model);
  const model = choice.chosen?.model ?? '';
  const isReady = (choice.chosen?.embedded ?? 0) > 1;
  const found = useQuery({ ...outliersQuery(project, model, 200), enabled: isReady });
  const { gone, add } = useGone(project);
  const items = (found.data?.items ?? []).filter(({ sha256 }) => !gone.has(sha256));
  const cells = useCells(items, model, open);
  return (
    <>
      <ModelBar choice={choice} onChoose={(next) => change({ model: next })} />
      <div className="relative flex min-h-0 flex-1 flex-col">
        <div className="flex min-h-0 flex-1 flex-col overflow-y-auto p-6 pb-20 max-md:p-4 max-md:pb-20">
          {choice.failure ? (
            <Failure error={choice.failure} what={t('curation:modelsFailed')} onRetry={choice.retry} />
          ) : choice.isPending || (isReady && found.isPending) ? (
            <GridSkeleton />
          ) : !isReady ? (
            <NeedsVectors choice={choice} icon={Radar} text={t('outliersNeed')} />
          ) : found.isError ? (
            <Failure error={found.error} what={t('outliersFailed')} onRetry={found.refetch} />
          ) : items.length === 0 ? (
            <Empty icon={Radar} text={t('noOutliers')} />
          ) : (
            <>
              <p className="mb-4 max-w-2xl text-ink-2">{t('outliersNote')}</p>
              <PictureGrid
                ref={cells.ref}
                project={project}
                items={items}
                label={t('whats.outliers')}
                at={cells.at}
                marks={cells.marks}
                note={({ score }) => formatFigure(score, 2)}
                onOpen={open}
                onToggle={cells.toggle}
              />
            </>
          )}
        </div>
        <SelectionBar
          project={project}
          shas={[...cells.marks]}
          one={cells.one?.sha256}
          onClear={() => cells.setMarks(new Set())}
          onRemoved={add}
          onShow={(filter) => void navigate({ to: '/projects/$project/data', params: { project }, search: filter })}
        />
      </div>
    </>
  );
}
