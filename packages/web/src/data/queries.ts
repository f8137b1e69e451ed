import type { MediaFilter, MediaItem, MediaPage, Run, SampleList, SampleSet } from '@fovea/api';
import { infiniteQueryOptions, QueryClient, queryOptions } from '@tanstack/react-query';
import { api } from './api.js';

/** Pictures asked for at once: few requests over 10,000, and still well below a second each. */
const pageSize = 300;

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

export type WallFilter = Pick<MediaFilter, 'class' | 'labelled' | 'search'>;

export const mediaQuery = (project: string, filter: WallFilter = {}) =>
  infiniteQueryOptions({
    queryKey: ['media', project, filter.class ?? null, filter.labelled ?? null, filter.search ?? ''],
    queryFn: ({ signal, pageParam }) =>
      api.listMedia(project, { ...filter, limit: pageSize, cursor: pageParam }, { signal }) as Promise<MediaPage>,
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    staleTime: 30_000,
  });

/** A dozen of a project's pictures, to begin with. */
export const firstPicturesQuery = (project: string) =>
  queryOptions({
    queryKey: ['first-pictures', project],
    queryFn: async ({ signal }) => (await api.listMedia(project, { limit: 12 }, { signal })).items,
    staleTime: 30_000,
  });

/** How many pictures a filter matches, without fetching them. */
export const mediaCountQuery = (project: string, filter: WallFilter) =>
  queryOptions({
    queryKey: ['media-count', project, filter.class ?? null, filter.labelled ?? null, filter.search ?? ''],
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
