import type {
  DatasetStatistics,
  Facets,
  MediaFacts,
  MediaFilter,
  MediaItem,
  Run,
  SampleList,
  SampleSet,
} from '@fovea/api';
import { QueryClient, queryOptions } from '@tanstack/react-query';
import { api } from './api.js';
import { type FilterSearch, type ListingSearch, toMediaFilter } from './filter-search.js';
import { createMediaPages, type FetchPage, type MediaPages, pageSize as mediaPageSize } from './media-pages.js';

/** Errors of the server are answers, not hiccups: only one that is starting or cannot be reached is asked again. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) => {
        const { code } = error as { code?: string };
        return code === 'starting' ? failures < 120 : code === 'unreachable' && failures < 2;
      },
      retryDelay: 700,
    },
  },
});

/** Whether something is still going to happen in a run. */
export function isActive(run: Pick<Run, 'state'>): boolean {
  return run.state === 'queued' || run.state === 'running' || run.state === 'stopping';
}

export const healthQuery = queryOptions({
  queryKey: ['health'],
  queryFn: ({ signal }) => api.getHealth({ signal }),
  refetchInterval: 15_000,
});

export const projectsQuery = queryOptions({
  queryKey: ['projects'],
  queryFn: ({ signal }) => api.listProjects({ signal }),
  refetchInterval: (query) => (query.state.data?.length === 0 ? 1_500 : 20_000),
});

export const projectQuery = (project: string) =>
  queryOptions({
    queryKey: ['project', project],
    queryFn: ({ signal }) => api.getProject(project, { signal }),
    refetchInterval: 10_000,
  });

/** A listing: how all its pictures are laid out, and those of them that have been fetched. */
export interface Listing {
  /** Width by height of each picture, in order. */
  readonly aspects: Float32Array;
  readonly pages: MediaPages;
}

/** Where walls are looked at, by the key of their listing: what is fetched first when a listing is fetched anew. */
const lookedAt = new Map<string, number>();

/** Notes the first picture in view of a listing. */
export function rememberView(project: string, listing: ListingSearch, index: number): void {
  lookedAt.clear();
  lookedAt.set(JSON.stringify([project, listing]), index);
}

export const listingQuery = (project: string, listing: ListingSearch) =>
  queryOptions({
    queryKey: ['media', project, 'listing', listing],
    queryFn: async ({ signal }): Promise<Listing> => {
      const filter = toMediaFilter(listing);
      const fetchPage: FetchPage = async (offset, limit, abort) =>
        (await api.listMedia(project, { ...filter, offset, limit }, { signal: abort })).items as MediaItem[];
      const view = lookedAt.get(JSON.stringify([project, listing])) ?? 0;
      const from = Math.floor(view / mediaPageSize) * mediaPageSize;
      // What is in view comes with the layout, so that the wall is changed at once and not in two steps.
      const [aspects, first] = await Promise.all([
        api.getMediaLayout(project, filter, { signal }),
        fetchPage(from, 2 * mediaPageSize, signal),
      ]);
      return { aspects, pages: createMediaPages(aspects.length, fetchPage, first, from) };
    },
    structuralSharing: false,
    staleTime: 30_000,
    gcTime: 60_000,
    placeholderData: (before, query) => (query?.queryKey[1] === project ? before : undefined),
  });

/** The counts beside a filter's values. */
export const facetsQuery = (project: string, filter: FilterSearch) =>
  queryOptions({
    queryKey: ['facets', project, filter],
    queryFn: ({ signal }) => api.getFacets(project, toMediaFilter(filter), { signal }) as Promise<Facets>,
    staleTime: 30_000,
    placeholderData: (before, query) => (query?.queryKey[1] === project ? before : undefined),
  });

export const statisticsQuery = (project: string, filter: FilterSearch) =>
  queryOptions({
    queryKey: ['statistics', project, filter],
    queryFn: ({ signal }) =>
      api.getStatistics(project, toMediaFilter(filter), { signal }) as Promise<DatasetStatistics>,
    staleTime: 30_000,
    placeholderData: (before, query) => (query?.queryKey[1] === project ? before : undefined),
  });

/** Everything known of a picture besides its labels. */
export const factsQuery = (project: string, sha256: string) =>
  queryOptions({
    queryKey: ['facts', project, sha256],
    queryFn: ({ signal }) => api.getMediaFacts(project, sha256, { signal }) as Promise<MediaFacts>,
    staleTime: 60_000,
  });

/** Has everything that is said of a project's pictures asked again. */
export function refreshMedia(client: QueryClient, project: string): void {
  for (const kind of [
    'media',
    'facets',
    'statistics',
    'picture',
    'facts',
    'media-count',
    'project',
    'first-pictures',
  ]) {
    void client.invalidateQueries({ queryKey: [kind, project] });
  }
}

/** Some of a project's pictures, to begin with. */
export const firstPicturesQuery = (project: string, limit = 12) =>
  queryOptions({
    queryKey: ['first-pictures', project, limit],
    queryFn: async ({ signal }) => (await api.listMedia(project, { limit }, { signal })).items as MediaItem[],
    staleTime: 30_000,
  });

/** How many pictures a filter matches, without fetching them. */
export const mediaCountQuery = (project: string, filter: MediaFilter) =>
  queryOptions({
    queryKey: ['media-count', project, filter],
    queryFn: async ({ signal }) => (await api.listMedia(project, { ...filter, limit: 1 }, { signal })).total,
  });

export const pictureQuery = (project: string, sha256: string) =>
  queryOptions({
    queryKey: ['picture', project, sha256],
    queryFn: ({ signal }) => api.getMedia(project, sha256, { signal }) as Promise<MediaItem>,
    staleTime: 60_000,
  });

export const snapshotsQuery = (project: string) =>
  queryOptions({
    queryKey: ['snapshots', project],
    queryFn: ({ signal }) => api.listSnapshots(project, { signal }),
  });

export const runsQuery = (project?: string) =>
  queryOptions({
    queryKey: ['runs', project ?? null],
    queryFn: ({ signal }) => api.listRuns(project, { signal }),
    refetchInterval: (query) => (query.state.data?.some(isActive) ? 2_000 : 10_000),
  });

export const runQuery = (id: string) =>
  queryOptions({
    queryKey: ['run', id],
    queryFn: ({ signal }) => api.getRun(id, { signal }),
    // Events keep a live run current; this is the net below them.
    refetchInterval: (query) => (query.state.data && isActive(query.state.data) ? 10_000 : false),
  });

export const metricsQuery = (id: string) =>
  queryOptions({
    queryKey: ['metrics', id],
    queryFn: ({ signal }) => api.getRunMetrics(id, undefined, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const samplesQuery = (id: string) =>
  queryOptions({
    queryKey: ['samples', id],
    queryFn: ({ signal }) => api.listRunSamples(id, { signal }) as Promise<SampleList>,
  });

export const sampleSetQuery = (id: string, epoch: number) =>
  queryOptions({
    queryKey: ['sample-set', id, epoch],
    queryFn: ({ signal }) => api.getRunSamples(id, epoch, { signal }) as Promise<SampleSet>,
    staleTime: Number.POSITIVE_INFINITY,
  });

export const logQuery = (id: string, live: boolean) =>
  queryOptions({
    queryKey: ['log', id],
    queryFn: ({ signal }) => api.getRunLog(id, { signal }),
    refetchInterval: live ? 3_000 : false,
  });

export const modelsQuery = (project?: string) =>
  queryOptions({
    queryKey: ['models', project ?? null],
    queryFn: ({ signal }) => api.listModels(project, { signal }),
    refetchInterval: 20_000,
  });

/** What training can start from; what a server knows hardly changes. */
export const pretrainedQuery = queryOptions({
  queryKey: ['pretrained'],
  queryFn: ({ signal }) => api.listPretrained({ signal }),
  staleTime: 60_000,
});

export const modelQuery = (name: string) =>
  queryOptions({ queryKey: ['model', name], queryFn: ({ signal }) => api.getModel(name, { signal }) });

export const jobsQuery = queryOptions({
  queryKey: ['jobs'],
  queryFn: ({ signal }) => api.listJobs({ signal }),
  refetchInterval: 4_000,
});
