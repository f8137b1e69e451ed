import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ChartColumn } from 'lucide-react';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { formatPercent } from '../catalogue/format.js';
import { type FilterSearch, isFiltered, noFilter, pickFilter } from '../data/filter-search.js';
import { projectQuery, statisticsQuery } from '../data/queries.js';
import { Button } from '../parts/button.js';
import { Empty } from '../parts/empty.js';
import { Failure } from '../parts/failure.js';
import { range } from '../parts/range.js';
import { DataHead } from './data/data-head.js';
import { FilterBar } from './filter/filter-bar.js';
import { splitLabel } from './filter/filter-words.js';
import {
  binFilter,
  ClassesPlot,
  HistogramPlot,
  ListPlot,
  MapPlot,
  ObjectsPlot,
  PositionsPlot,
  printAspect,
  printSharpness,
  SizesPlot,
  summaryOf,
  TimePlot,
} from './statistics/plots.js';

const route = getRouteApi('/projects/$project/statistics');

/** What a filter's pictures are like, as plots. */
export function StatisticsPage() {
  const { t } = useTranslation(['statistics', 'filter', 'data']);
  const { project: name } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const project = useQuery(projectQuery(name));
  const filter = pickFilter(search);
  const statistics = useQuery(statisticsQuery(name, filter));
  const change = (next: FilterSearch) => navigate({ search: (old) => ({ ...old, ...next }), replace: true });
  const pick = useCallback(
    (next: FilterSearch) =>
      void navigate({
        to: '/projects/$project/data',
        params: { project: name },
        search: (old) => ({ ...pickFilter(old as FilterSearch), ...next }),
      }),
    [navigate, name],
  );
  if (project.isError) {
    return (
      <Failure error={project.error} what={t('data:projectFailed', { project: name })} onRetry={project.refetch} />
    );
  }
  const known = statistics.data;
  return (
    <>
      <DataHead project={project.data} name={name} search={search} />
      {project.data ? (
        <FilterBar project={project.data} search={search} change={change} total={known?.pictures}>
          {known && (
            <p className="flex gap-x-3 text-12 text-ink-3">
              {summaryOf(t as never, known, formatPercent).map((text) => (
                <span key={text}>{text}</span>
              ))}
            </p>
          )}
        </FilterBar>
      ) : (
        <div className="h-22 shrink-0 border-b border-line" />
      )}
      <div className="min-h-0 flex-1 overflow-y-auto">
        {statistics.isError ? (
          <Failure error={statistics.error} what={t('failed')} onRetry={statistics.refetch} />
        ) : !known ? (
          <div className={grid} aria-busy="true">
            {range(6).map((key) => (
              <div key={key} className={`skeleton h-73 ${key === 0 ? 'col-span-full' : ''}`} />
            ))}
          </div>
        ) : known.pictures === 0 ? (
          <Empty icon={ChartColumn} text={isFiltered(search) ? t('none') : t('noPictures')}>
            {isFiltered(search) ? (
              <Button onClick={() => change(noFilter)}>{t('data:showAll')}</Button>
            ) : (
              <Button
                tone="primary"
                onClick={() => navigate({ to: '/projects/$project/data', params: { project: name } })}
              >
                {t('data:addPictures')}
              </Button>
            )}
          </Empty>
        ) : (
          <div className={grid}>
            <ClassesPlot statistics={known} onPick={pick} />
            <ObjectsPlot statistics={known} onPick={pick} />
            <HistogramPlot
              title={t('boxSizes')}
              note={t('boxSizesNote')}
              axis={t('boxSizeAxis')}
              histogram={known.boxSizes}
              of="objects"
              empty={t('noBoxes')}
            />
            <HistogramPlot
              title={t('boxAspects')}
              axis={t('aspectAxis')}
              histogram={known.boxAspects}
              of="objects"
              empty={t('noBoxes')}
              print={printAspect}
            />
            <HistogramPlot
              title={t('imageAspects')}
              axis={t('aspectAxis')}
              histogram={known.imageAspects}
              of="pictures"
              empty={t('none')}
              print={printAspect}
              onPick={(low, high) => pick(binFilter('aspect', 2 ** low, 2 ** high))}
            />
            <PositionsPlot statistics={known} />
            <SizesPlot statistics={known} onPick={pick} />
            {(['brightness', 'contrast', 'entropy'] as const).map((key) => (
              <HistogramPlot
                key={key}
                title={t(key)}
                axis={key === 'entropy' ? t('entropyAxis') : ''}
                histogram={known[key]}
                of="pictures"
                empty={t('noFacts')}
                onPick={(low, high) => pick(binFilter(key, low, high))}
              />
            ))}
            <HistogramPlot
              title={t('sharpness')}
              axis=""
              histogram={known.sharpness}
              of="pictures"
              empty={t('noFacts')}
              print={printSharpness}
              onPick={(low, high) => pick(binFilter('sharpness', 10 ** low - 1, 10 ** high - 1))}
            />
            <TimePlot statistics={known} onPick={pick} />
            <MapPlot statistics={known} onPick={pick} />
            <ListPlot
              title={t('splits')}
              rows={known.splits.map(({ name: split, pictures }) => ({
                key: split,
                name: splitLabel(t as never, split),
                pictures,
              }))}
              onPick={(split) => pick({ split })}
            />
            <ListPlot
              title={t('cameras')}
              rows={known.cameras.map(({ name: camera, pictures }) => ({
                key: camera,
                name: camera || t('unknownCamera'),
                pictures,
              }))}
              empty={known.cameras.every(({ name: camera }) => camera === '') ? t('noCameras') : undefined}
              onPick={(camera) => pick({ camera })}
            />
          </div>
        )}
      </div>
    </>
  );
}

const grid = 'grid grid-cols-1 gap-4 p-6 max-md:p-4 lg:grid-cols-2';
