import type {
  EmbeddingMap,
  Embeddings,
  Job,
  LabelMistakes,
  MediaItem,
  NearDuplicates,
  Outliers,
  Similar,
} from '@fovea/api';
import { queryOptions } from '@tanstack/react-query';
import { api } from './api.js';

/** Of which models a project has vectors, and which are at hand. */
export const embeddingsQuery = (project: string) =>
  queryOptions({
    queryKey: ['embeddings', project],
    queryFn: ({ signal }) => api.getEmbeddings(project, { signal }) as Promise<Embeddings>,
    staleTime: 5_000,
  });

/** Where a project's pictures lie on the map of a model; computed at the first question, which may take a while. */
export const mapQuery = (project: string, model: string) =>
  queryOptions({
    queryKey: ['map', project, model],
    queryFn: ({ signal }) => api.getMap(project, model, { signal }) as Promise<EmbeddingMap>,
    staleTime: 60_000,
    structuralSharing: false,
  });

export const nearDuplicatesQuery = (project: string, asked: { model?: string; distance?: number; limit?: number }) =>
  queryOptions({
    queryKey: ['near-duplicates', project, asked],
    queryFn: ({ signal }) => api.findNearDuplicates(project, asked, { signal }) as Promise<NearDuplicates>,
    staleTime: 30_000,
  });

export const outliersQuery = (project: string, model: string, count: number) =>
  queryOptions({
    queryKey: ['outliers', project, model, count],
    queryFn: ({ signal }) => api.findOutliers(project, model, count, { signal }) as Promise<Outliers>,
    staleTime: 30_000,
  });

export type MistakesOf = 'classes' | 'predicted-classes' | 'boxes';

export const mistakesQuery = (project: string, of: MistakesOf, model: string) =>
  queryOptions({
    queryKey: ['mistakes', project, of, model],
    queryFn: ({ signal }) => api.findMistakes(project, { of, model }, { signal }) as Promise<LabelMistakes>,
    staleTime: 30_000,
  });

export const similarQuery = (
  project: string,
  sha256: string,
  asked: { model: string; region?: readonly [number, number, number, number]; count: number },
) =>
  queryOptions({
    queryKey: ['similar', project, sha256, asked],
    queryFn: ({ signal }) => api.findSimilar(project, sha256, asked, { signal }) as Promise<Similar>,
    staleTime: 30_000,
  });

/** Pictures asked for at once by their SHA-256: more would make too long an address. */
const atOnce = 100;

/** Pictures by their SHA-256, with their labels. */
export const picturesQuery = (project: string, shas: readonly string[]) =>
  queryOptions({
    queryKey: ['media', project, 'some', shas],
    queryFn: async ({ signal }): Promise<Map<string, MediaItem>> => {
      const found = new Map<string, MediaItem>();
      for (let at = 0; at < shas.length; at += atOnce) {
        const sha256 = shas.slice(at, at + atOnce);
        const { items } = await api.listMedia(project, { sha256, limit: atOnce }, { signal });
        for (const item of items as MediaItem[]) found.set(item.sha256, item);
      }
      return found;
    },
    staleTime: 30_000,
    placeholderData: (before, query) => (query?.queryKey[1] === project ? before : undefined),
  });

/** How often the jobs are looked at: once a second while one that `isWanted` is still to be done. */
export const jobsInterval =
  (isWanted: (job: Job) => boolean) =>
  (query: { readonly state: { readonly data?: readonly Job[] } }): number =>
    query.state.data?.some((job) => isUnderWay(job) && isWanted(job)) ? 1_000 : 4_000;

/** Whether a job is waiting or at work. */
export function isUnderWay({ state }: Pick<Job, 'state'>): boolean {
  return state === 'active' || state === 'waiting';
}
