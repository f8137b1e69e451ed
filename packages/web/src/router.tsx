import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { api } from './data/api.js';
import { type FilterSearch, type ListingSearch, readFilter, readListing, type Texts } from './data/filter-search.js';
import { Shell } from './frame/shell.js';
import { DataPage } from './pages/data-page.js';
import { JobsPage } from './pages/jobs-page.js';
import { LandingPage } from './pages/landing-page.js';
import { ModelsPage } from './pages/models-page.js';
import { NotFound } from './pages/not-found.js';
import { PageFailure } from './pages/page-failure.js';
import { ProjectsPage } from './pages/projects-page.js';
import { RunsPage } from './pages/runs-page.js';
import { SnapshotsPage } from './pages/snapshots-page.js';
import { TrainPage } from './pages/train-page.js';

/** The wall's state, as the address holds it; absent means the default. */
export interface DataSearch extends ListingSearch {
  /** Row height in pixels. */
  size?: number;
  /** SHA-256 of the picture in the inspector. */
  pic?: string;
  /** Its place in the listing when it was chosen, from 0; absent: the first. */
  at?: number;
  /** The drawer for questions in SQL is open. */
  ask?: true;
  /** The panel to add from a URL or S3 is open. */
  from?: true;
  /** False hides labels of every kind. */
  boxes?: false;
  /** Of label maps, 0 to 1. */
  opacity?: number;
}

/** A picture's page: the listing it was opened from, and its place there. */
export interface PictureSearch extends ListingSearch {
  /** From 0. */
  at?: number;
  boxes?: false;
  opacity?: number;
  /** Similar pictures are shown, by this model; `any`: by the one with most vectors. */
  like?: string;
  /** Like this region of it: xyxy in pixels. */
  region?: string;
}

/** The map's state: by which model, which classes stand out, and what of it is seen. */
export interface MapSearch {
  model?: string;
  class?: Texts;
  /** x,y,zoom: see `readView`. */
  view?: string;
}

/** What is looked for among the pictures. */
export interface FindSearch {
  /** Absent: near duplicates. */
  what?: 'outliers' | 'mistakes';
  model?: string;
  /** How near duplicates are told; absent: by perceptual hash. */
  by?: 'model';
  distance?: number;
  /** Which labels are held against what. */
  of?: 'boxes' | 'classes' | 'predicted-classes';
}

/** The snapshot looked at, or the form for a new one, which the filter says the pictures of. */
export interface SnapshotsSearch extends FilterSearch {
  snap?: string;
  make?: true;
}

/** Which pictures of a comparison are shown. */
export interface CompareSearch {
  kind?: 'added' | 'removed' | 'labels' | 'split' | 'same';
  class?: string;
  /** From 0. */
  page?: number;
}

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
const number = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const landing = createRoute({ getParentRoute: () => root, path: '/', component: LandingPage });

const projects = createRoute({
  getParentRoute: () => root,
  path: '/projects',
  validateSearch: (search): { create?: true } => ({ create: search.create ? true : undefined }),
  component: ProjectsPage,
});

const project = createRoute({ getParentRoute: () => root, path: '/projects/$project' });

const projectIndex = createRoute({
  getParentRoute: () => project,
  path: '/',
  beforeLoad: ({ params }) => {
    throw redirect({ to: '/projects/$project/data', params, replace: true });
  },
});

const data = createRoute({
  getParentRoute: () => project,
  path: '/data',
  validateSearch: (search): DataSearch => ({
    ...readListing(search),
    size: number(search.size),
    pic: text(search.pic),
    at: number(search.at),
    ask: search.ask === true ? true : undefined,
    from: search.from === true ? true : undefined,
    boxes: search.boxes === false ? false : undefined,
    opacity: number(search.opacity),
  }),
  component: DataPage,
});

// The pages of one picture and of all come with their plots and maps when they are first asked for.
const picture = createRoute({
  getParentRoute: () => project,
  path: '/pictures/$sha256',
  validateSearch: (search): PictureSearch => ({
    ...readListing(search),
    at: number(search.at),
    boxes: search.boxes === false ? false : undefined,
    opacity: number(search.opacity),
    like: text(search.like),
    region: text(search.region),
  }),
  component: lazyRouteComponent(() => import('./pages/picture-page.js'), 'PicturePage'),
});

const statistics = createRoute({
  getParentRoute: () => project,
  path: '/statistics',
  validateSearch: readFilter,
  component: lazyRouteComponent(() => import('./pages/statistics-page.js'), 'StatisticsPage'),
});

const map = createRoute({
  getParentRoute: () => project,
  path: '/map',
  validateSearch: (search): MapSearch => ({
    model: text(search.model),
    class: readFilter({ class: search.class }).class,
    view: text(search.view),
  }),
  component: lazyRouteComponent(() => import('./pages/map-page.js'), 'MapPage'),
});

const oneOf = <V extends string>(value: unknown, ...values: readonly V[]) => values.find((one) => one === value);

const find = createRoute({
  getParentRoute: () => project,
  path: '/find',
  validateSearch: (search): FindSearch => ({
    what: oneOf(search.what, 'outliers', 'mistakes'),
    model: text(search.model),
    by: oneOf(search.by, 'model'),
    distance: number(search.distance),
    of: oneOf(search.of, 'boxes', 'classes', 'predicted-classes'),
  }),
  component: lazyRouteComponent(() => import('./pages/find-page.js'), 'FindPage'),
});

const snapshots = createRoute({
  getParentRoute: () => project,
  path: '/snapshots',
  validateSearch: (search): SnapshotsSearch => ({
    ...readFilter(search),
    snap: text(search.snap),
    make: search.make === true ? true : undefined,
  }),
  component: SnapshotsPage,
});

const compare = createRoute({
  getParentRoute: () => project,
  path: '/compare/$before/$after',
  validateSearch: (search): CompareSearch => ({
    kind: oneOf(search.kind, 'added', 'removed', 'labels', 'split', 'same'),
    class: text(search.class),
    page: Math.max(0, Math.floor(number(search.page) ?? 0)) || undefined,
  }),
  component: lazyRouteComponent(() => import('./pages/compare-page.js'), 'ComparePage'),
});

const runs = createRoute({ getParentRoute: () => project, path: '/runs', component: RunsPage });
const train = createRoute({ getParentRoute: () => project, path: '/train', component: TrainPage });
const models = createRoute({ getParentRoute: () => project, path: '/models', component: ModelsPage });
const jobs = createRoute({ getParentRoute: () => root, path: '/jobs', component: JobsPage });

// The pages with plots come when they are first asked for (or pointed at), and uPlot with them.
const run = createRoute({
  getParentRoute: () => project,
  path: '/runs/$run',
  validateSearch: (search): { epoch?: number } => ({ epoch: number(search.epoch) }),
  component: lazyRouteComponent(() => import('./pages/run-page.js'), 'RunPage'),
});

const model = createRoute({
  getParentRoute: () => project,
  path: '/models/$model',
  validateSearch: (search): { version?: number } => ({ version: number(search.version) }),
  component: lazyRouteComponent(() => import('./pages/model-page.js'), 'ModelPage'),
});

// Short addresses, for the command line and for links that know no project.
const shortRun = createRoute({
  getParentRoute: () => root,
  path: '/runs/$run',
  beforeLoad: async ({ params }) => {
    const { project } = await api.getRun(params.run);
    throw redirect({ to: '/projects/$project/runs/$run', params: { project, run: params.run }, replace: true });
  },
});
const shortModel = createRoute({
  getParentRoute: () => root,
  path: '/models/$model',
  beforeLoad: async ({ params }) => {
    const { project } = await api.getModel(params.model);
    throw redirect({
      to: '/projects/$project/models/$model',
      params: { project: project ?? '-', model: params.model },
      replace: true,
    });
  },
});

const tree = root.addChildren([
  landing,
  projects,
  project.addChildren([
    projectIndex,
    data,
    picture,
    statistics,
    map,
    find,
    snapshots,
    compare,
    runs,
    run,
    train,
    models,
    model,
  ]),
  jobs,
  shortRun,
  shortModel,
]);

export const router = createRouter({
  routeTree: tree,
  defaultPreload: 'intent',
  defaultErrorComponent: PageFailure,
  defaultPendingMs: 300,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
