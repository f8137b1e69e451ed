import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { Download, Hand, Image as ImageIcon, Lasso, Maximize, Minus, Orbit, Plus } from 'lucide-react';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCount } from '../catalogue/format.js';
import { mapQuery } from '../data/curation-queries.js';
import { type FilterSearch, listOf, textsOf } from '../data/filter-search.js';
import { projectQuery } from '../data/queries.js';
import { useGone } from '../data/use-gone.js';
import { useKeys } from '../frame/keys.js';
import { IconButton } from '../parts/button.js';
import { Empty } from '../parts/empty.js';
import { Failure } from '../parts/failure.js';
import { JobLine } from '../parts/job-line.js';
import { ComputeMissing, ModelBar, useModelChoice } from '../parts/model-bar.js';
import { saveCsv, savePng } from '../plot/save-plot.js';
import type { MapSearch } from '../router.js';
import { DataHead } from './data/data-head.js';
import { MapLegend } from './map/map-legend.js';
import { PointCard } from './map/point-card.js';
import { type MapTool, PointMap } from './map/point-map.js';
import {
  nearestPoint,
  panBy,
  pointsOf,
  pointTowards,
  printView,
  readView,
  type View,
  wholeView,
  zoomAt,
} from './map/points.js';
import { SelectionBar } from './map/selection-bar.js';

const route = getRouteApi('/projects/$project/map');
const none: ReadonlySet<number> = new Set();

/** All of a project's pictures as points: those alike lie near each other, and what is drawn around can be acted on. */
export function MapPage() {
  const { t } = useTranslation(['curation', 'data', 'run']);
  const { project: name } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const client = useQueryClient();
  const project = useQuery(projectQuery(name));
  const choice = useModelChoice(name, search.model);
  const { chosen, work } = choice;
  const map = useQuery({
    ...mapQuery(name, chosen?.model ?? ''),
    enabled: chosen !== undefined && chosen.embedded > 0,
  });
  const { gone, add: addGone } = useGone(name);
  const points = useMemo(() => map.data && pointsOf(map.data, gone), [map.data, gone]);

  const [view, setView] = useState<View>(() => readView(search.view) ?? wholeView);
  const [tool, setTool] = useState<MapTool>('lasso');
  const [at, setAt] = useState<number>();
  const [marked, setMarked] = useState<{ of: typeof points; marks: ReadonlySet<number> }>({
    of: undefined,
    marks: none,
  });
  const marks = marked.of === points ? marked.marks : none;
  const setMarks = (next: ReadonlySet<number>) => setMarked({ of: points, marks: next });
  const shown = listOf(search.class);
  const figure = useRef<HTMLElement>(null);

  const change = useCallback(
    (next: Partial<MapSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true }),
    [navigate],
  );
  // The address follows when the view has come to rest.
  useEffect(() => {
    const timer = setTimeout(() => {
      if (printView(view) !== printView(readView(search.view) ?? wholeView)) change({ view: printView(view) });
    }, 300);
    return () => clearTimeout(timer);
  }, [view, search.view, change]);

  const classes = project.data?.classes;
  const shownKey = shown.join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the classes shown.
  const faded = useMemo(() => {
    if (!points || (marks.size === 0 && shown.length === 0)) return undefined;
    const indices = new Set(shown.map((one) => classes?.find((own) => own.name === one)?.index ?? -1));
    return Uint8Array.from(points.classes, (index, which) =>
      marks.size > 0 ? (marks.has(which) ? 0 : 1) : indices.has(index) ? 0 : 1,
    );
  }, [points, marks, shownKey, classes]);

  const open = (index: number) =>
    navigate({
      to: '/projects/$project/pictures/$sha256',
      params: { project: name, sha256: points!.sha256s[index]! },
    });
  const toggle = (index: number) => {
    const next = new Set(marks);
    if (!next.delete(index)) next.add(index);
    setMarks(next);
  };
  const size = () => {
    const element = figure.current?.querySelector('[data-map]');
    return [element?.clientWidth ?? 800, element?.clientHeight ?? 600] as const;
  };
  const zoom = (factor: number) => {
    const [width, height] = size();
    setView(zoomAt(view, factor, width / 2, height / 2, width, height));
  };
  const step = (dx: number, dy: number, isShift: boolean) => {
    if (!points) return;
    const [width, height] = size();
    if (isShift) return setView(panBy(view, -dx * 80, -dy * 80, width, height));
    const from = at === undefined ? view : { x: points.x[at]!, y: points.y[at]! };
    const next = at === undefined ? nearestPoint(points, view.x, view.y, 2) : pointTowards(points, from, [dx, dy], at);
    if (next === undefined) return;
    setAt(next);
    // What is gone to is brought into view.
    const scale = Math.max(1, Math.min(width, height) - 48) * view.zoom;
    const [px, py] = [(points.x[next]! - view.x) * scale, (points.y[next]! - view.y) * scale];
    if (Math.abs(px) > width / 2 - 24 || Math.abs(py) > height / 2 - 24)
      setView({ ...view, x: points.x[next]!, y: points.y[next]! });
  };
  useKeys(t('map'), [
    { keys: 'ArrowLeft', label: t('toLeft'), run: (event) => step(-1, 0, event.shiftKey) },
    { keys: 'ArrowRight', label: t('toRight'), run: (event) => step(1, 0, event.shiftKey) },
    { keys: 'ArrowUp', label: t('toTop'), run: (event) => step(0, -1, event.shiftKey) },
    { keys: 'ArrowDown', label: t('toBottom'), run: (event) => step(0, 1, event.shiftKey) },
    { keys: 'Enter', label: t('data:openPicture'), run: () => at !== undefined && void open(at) },
    { keys: 'x', label: t('data:toggleMark'), run: () => at !== undefined && toggle(at) },
    {
      keys: 'mod+a',
      label: t('markAllShown'),
      run: () =>
        points && setMarks(new Set([...points.classes.keys()].filter((index) => marks.size > 0 || !faded?.[index]))),
    },
    { keys: 'Escape', label: t('data:clearMarks'), run: () => (marks.size > 0 ? setMarks(none) : setAt(undefined)) },
    { keys: '+', label: t('zoomIn'), run: () => zoom(1.5) },
    { keys: '-', label: t('zoomOut'), run: () => zoom(1 / 1.5) },
    { keys: 'f', label: t('fit'), run: () => setView(wholeView) },
    { keys: 'l', label: t('lasso'), run: () => setTool('lasso') },
    { keys: 'h', label: t('hand'), run: () => setTool('hand') },
  ]);

  if (project.isError) {
    return (
      <Failure error={project.error} what={t('data:projectFailed', { project: name })} onRetry={project.refetch} />
    );
  }
  const saveTable = () => {
    if (!points) return;
    const nameOf = (index: number) => quote(classes?.find((own) => own.index === index)?.name ?? '');
    const rows = points.sha256s.map(
      (sha256, which) =>
        `${sha256},${points.x[which]!.toFixed(5)},${points.y[which]!.toFixed(5)},${nameOf(points.classes[which]!)}`,
    );
    saveCsv(['sha256,x,y,class', ...rows].join('\n'), `${name}-map`);
  };
  const showOnWall = (filter: FilterSearch) =>
    navigate({ to: '/projects/$project/data', params: { project: name }, search: filter });
  return (
    <>
      <DataHead project={project.data} name={name} />
      {choice.failure ? (
        <Failure error={choice.failure} what={t('modelsFailed')} onRetry={choice.retry} />
      ) : (
        <>
          <ModelBar choice={choice} onChoose={(model) => change({ model, view: undefined })}>
            {points && (
              <div className="ml-auto flex items-center gap-1">
                <IconButton label={t('lasso')} keys="l" pressed={tool === 'lasso'} onClick={() => setTool('lasso')}>
                  <Lasso aria-hidden />
                </IconButton>
                <IconButton label={t('hand')} keys="h" pressed={tool === 'hand'} onClick={() => setTool('hand')}>
                  <Hand aria-hidden />
                </IconButton>
                <IconButton label={t('zoomOut')} keys="-" onClick={() => zoom(1 / 1.5)}>
                  <Minus aria-hidden />
                </IconButton>
                <IconButton label={t('zoomIn')} keys="+" onClick={() => zoom(1.5)}>
                  <Plus aria-hidden />
                </IconButton>
                <IconButton label={t('fit')} keys="f" onClick={() => setView(wholeView)}>
                  <Maximize aria-hidden />
                </IconButton>
                <IconButton
                  label={t('run:asPng')}
                  onClick={() => figure.current && savePng(figure.current, `${name}-map`)}
                >
                  <ImageIcon aria-hidden />
                </IconButton>
                <IconButton label={t('run:asCsv')} onClick={saveTable}>
                  <Download aria-hidden />
                </IconButton>
              </div>
            )}
          </ModelBar>
          {choice.isPending || (map.isPending && map.fetchStatus === 'fetching') ? (
            <div className="flex min-h-0 flex-1 items-center justify-center" aria-busy="true" role="status">
              <p className="text-ink-2">{choice.isPending ? '' : t('mapComing')}</p>
            </div>
          ) : chosen === undefined || chosen.embedded === 0 ? (
            <Empty icon={Orbit} text={project.data?.counts.media === 0 ? t('mapNoPictures') : t('mapEmpty')}>
              {work.job ? (
                <JobLine job={work.job} label={t('embedding')} />
              ) : (
                chosen && chosen.missing > 0 && <ComputeMissing chosen={chosen} work={work} />
              )}
            </Empty>
          ) : map.isError ? (
            <div className="min-h-0 flex-1 overflow-y-auto">
              <Failure error={map.error} what={t('mapFailed')} onRetry={map.refetch} />
            </div>
          ) : points ? (
            <figure ref={figure} className="relative m-0 flex min-h-0 flex-1 bg-surface max-md:flex-col">
              <PointMap
                points={points}
                view={view}
                onView={setView}
                tool={tool}
                faded={faded}
                marked={marks}
                at={at}
                onAt={setAt}
                onLasso={(found, add) => setMarks(new Set(add ? [...marks, ...found] : found))}
                onOpen={(index) => void open(index)}
                onToggle={toggle}
                label={t('mapLabel', { count: points.count, text: formatCount(points.count) })}
              >
                {(x, y, width, height) => (
                  <PointCard
                    project={name}
                    sha256={points.sha256s[at!]!}
                    of={classes?.find((own) => own.index === points.classes[at!])}
                    x={x}
                    y={y}
                    width={width}
                    height={height}
                  />
                )}
              </PointMap>
              <MapLegend
                points={points}
                classes={classes ?? []}
                shown={shown}
                onToggle={(one) =>
                  change({ class: textsOf(shown.includes(one) ? shown.filter((own) => own !== one) : [...shown, one]) })
                }
              />
              <SelectionBar
                project={name}
                shas={[...marks].map((index) => points.sha256s[index]!)}
                one={at === undefined ? undefined : points.sha256s[at]}
                onClear={() => setMarks(none)}
                onRemoved={(shas) => {
                  addGone(shas);
                  setAt(undefined);
                  void client.invalidateQueries({ queryKey: ['embeddings', name] });
                }}
                onShow={(filter) => void showOnWall(filter)}
              />
            </figure>
          ) : null}
        </>
      )}
    </>
  );
}

const quote = (text: string) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
