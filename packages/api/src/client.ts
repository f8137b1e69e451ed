import createFetchClient from 'openapi-fetch';
import { ApiError, toApiError } from './error.js';
import { type FollowOptions, followRun } from './events.js';
import type { Paths } from './paths.js';
import type {
  ImportedMedia,
  LakeExport,
  LakeQuery,
  MediaAction,
  MediaListQuery,
  NewBoxAnnotation,
  NewIngest,
  NewProject,
  NewRun,
  NewSnapshot,
  Prediction,
  PredictQuery,
  ProjectModel,
  Similar,
  SnapshotDifferenceQuery,
  SnapshotPicturesQuery,
} from './resources.js';

/** Where the API is. `origin` is '' in the web app (same origin) and `http://127.0.0.1:8420` elsewhere. */
export interface ClientOptions {
  readonly origin?: string;
  readonly fetch?: typeof fetch;
}

/** Which pictures of a listing, and where to go on. */
export type MediaFilter = Partial<Omit<MediaListQuery, 'labelled' | 'cursor'>> & {
  readonly labelled?: boolean;
  readonly cursor?: string | null;
};

/** What others are to be like, and how many. */
export interface SimilarQuery {
  readonly model: string;
  /** xyxy in pixels of the picture. */
  readonly region?: readonly [number, number, number, number];
  readonly count?: number;
}

/** One picture to upload. */
export interface Upload {
  readonly file: Blob;
  readonly name: string;
  /** Absent: nobody said which boxes there are. Empty: known background. */
  readonly annotations?: readonly NewBoxAnnotation[];
  /** Classes of the picture as a whole. */
  readonly classes?: readonly string[];
  /** A PNG of the picture's size whose values are classes, and the name of each value. */
  readonly labelMap?: { readonly file: Blob; readonly classNames: readonly string[] };
  /** `train`, `val` or `test`, where its dataset says so. */
  readonly split?: string;
}

/** Calls take an optional signal; each rejects with ApiError when the server says no or cannot be reached. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** The client's methods. */
export type Client = ReturnType<typeof createClient>;

/**
 * A typed client of the API, for browsers and Node alike. Every method answers the resource itself and throws
 * {@link ApiError} otherwise.
 *
 * @example
 * const api = createClient({ origin: 'http://127.0.0.1:8420' });
 * const { items, nextCursor } = await api.listMedia('sample', { limit: 50 });
 */
export function createClient(options: ClientOptions = {}) {
  const origin = (options.origin ?? '').replace(/\/+$/, '');
  const base = `${origin}/api/v1`;
  const send: typeof fetch = async (input, init) => {
    try {
      return await (options.fetch ?? fetch)(input, init);
    } catch (cause) {
      if (isAbort(cause)) throw cause;
      const where = origin || 'The Fovea server';
      throw new ApiError('unreachable', `${where} cannot be reached. Is it running (fovea serve)?`, 0, undefined, {
        cause,
      });
    }
  };
  const http = createFetchClient<Paths>({ baseUrl: base, fetch: (request) => send(request) });
  const path = (...parts: (string | number)[]) => `${base}/${parts.map((part) => encodeURIComponent(part)).join('/')}`;

  return {
    /** Where the server is; '' means the page's own origin. */
    origin,

    getHealth: (call?: CallOptions) => answer(http.GET('/health', { ...call })),

    listProjects: async (call?: CallOptions) => (await answer(http.GET('/projects', { ...call }))).projects,
    createProject: (body: NewProject, call?: CallOptions) => answer(http.POST('/projects', { body, ...call })),
    getProject: (project: string, call?: CallOptions) =>
      answer(http.GET('/projects/{project}', { params: { path: { project } }, ...call })),

    listMedia: (project: string, filter: MediaFilter = {}, call?: CallOptions) =>
      answer(
        http.GET('/projects/{project}/media', {
          params: {
            path: { project },
            query: toQuery(filter),
          },
          ...call,
        }),
      ),
    /** Width by height of every picture of a listing, in its order. */
    getMediaLayout: async (project: string, filter: MediaFilter = {}, call?: CallOptions): Promise<Float32Array> => {
      const url = `${path('projects', project, 'media-layout')}?${searchOf(toQuery(filter))}`;
      const response = await send(url, { signal: call?.signal });
      if (!response.ok) throw toApiError(await response.json().catch(() => undefined), response);
      return new Float32Array(await response.arrayBuffer());
    },
    /** Counts beside a filter's values. */
    getFacets: (project: string, filter: MediaFilter = {}, call?: CallOptions) =>
      answer(
        http.GET('/projects/{project}/facets', {
          params: { path: { project }, query: toQuery(filter) },
          ...call,
        }),
      ),
    getStatistics: (project: string, filter: MediaFilter = {}, call?: CallOptions) =>
      answer(
        http.GET('/projects/{project}/statistics', {
          params: { path: { project }, query: toQuery(filter) },
          ...call,
        }),
      ),
    /** Does something to all pictures a filter chooses; the answer's `actionId` undoes it. */
    changeMedia: (project: string, body: MediaAction, call?: CallOptions) =>
      answer(http.POST('/projects/{project}/actions', { params: { path: { project } }, body, ...call })),
    undoAction: (project: string, action: number, call?: CallOptions) =>
      answer(
        http.POST('/projects/{project}/actions/{action}/undo', { params: { path: { project, action } }, ...call }),
      ),
    /** One SELECT over the project's tables. */
    queryLake: (project: string, body: LakeQuery, call?: CallOptions) =>
      answer(http.POST('/projects/{project}/query', { params: { path: { project } }, body, ...call })),
    /** All rows of one SELECT, as the body of a response: a file to save. */
    exportLake: async (project: string, body: LakeExport, call?: CallOptions): Promise<Response> => {
      const response = await send(path('projects', project, 'query', 'export'), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
        signal: call?.signal,
      });
      if (!response.ok) throw toApiError(await response.json().catch(() => undefined), response);
      return response;
    },
    /** Address of a snapshot, or the project as it stands, as a data set in a TAR, for a download link. */
    exportUrl: (project: string, format: string, snapshot?: string) =>
      `${path('projects', project, 'export')}?${searchOf({ format, snapshot })}`,
    getMediaFacts: (project: string, sha256: string, call?: CallOptions) =>
      answer(http.GET('/projects/{project}/media/{sha256}/facts', { params: { path: { project, sha256 } }, ...call })),
    getMedia: (project: string, sha256: string, call?: CallOptions) =>
      answer(http.GET('/projects/{project}/media/{sha256}', { params: { path: { project, sha256 } }, ...call })),
    /** Address of the picture's own bytes, for `<img src>`. */
    contentUrl: (project: string, sha256: string) => path('projects', project, 'media', sha256, 'content'),
    /** Address of the picture's thumbnail, for `<img src>`. */
    thumbnailUrl: (project: string, sha256: string) => path('projects', project, 'media', sha256, 'thumbnail'),
    /** Address of the picture's label map (PNG), for `<img src>`; the map's SHA-256 makes it another when the map is. */
    labelMapUrl: (project: string, sha256: string, labelMapSha256: string) =>
      `${path('projects', project, 'media', sha256, 'label-map')}?map=${labelMapSha256.slice(0, 16)}`,
    /** Some of a project's videos; default the first 100. */
    listVideos: (project: string, page: { limit?: number; offset?: number } = {}, call?: CallOptions) =>
      answer(http.GET('/projects/{project}/videos', { params: { path: { project }, query: page }, ...call })),
    getVideo: (project: string, sha256: string, call?: CallOptions) =>
      answer(http.GET('/projects/{project}/videos/{sha256}', { params: { path: { project, sha256 } }, ...call })),
    /** Address of the video's own bytes, for `<video src>`. */
    videoUrl: (project: string, sha256: string) => path('projects', project, 'videos', sha256, 'content'),
    /** Imports one picture. */
    uploadMedia: async (project: string, upload: Upload, call?: CallOptions): Promise<ImportedMedia> => {
      const form = new FormData();
      form.set('file', upload.file, upload.name);
      form.set('name', upload.name);
      if (upload.annotations) form.set('annotations', JSON.stringify(upload.annotations));
      if (upload.classes) form.set('classes', JSON.stringify(upload.classes));
      if (upload.labelMap) {
        form.set('labelMap', upload.labelMap.file, 'label-map.png');
        form.set('labelMapClasses', JSON.stringify(upload.labelMap.classNames));
      }
      if (upload.split) form.set('split', upload.split);
      return post(path('projects', project, 'media'), form, call);
    },

    listSnapshots: async (project: string, call?: CallOptions) =>
      (await answer(http.GET('/projects/{project}/snapshots', { params: { path: { project } }, ...call }))).snapshots,
    createSnapshot: (project: string, body: NewSnapshot = {}, call?: CallOptions) =>
      answer(http.POST('/projects/{project}/snapshots', { params: { path: { project } }, body, ...call })),
    /** A snapshot by its id or name, with the runs that used it. */
    getSnapshot: (project: string, snapshot: string, call?: CallOptions) =>
      answer(
        http.GET('/projects/{project}/snapshots/{snapshot}', { params: { path: { project, snapshot } }, ...call }),
      ),
    deleteSnapshot: (project: string, snapshot: string, call?: CallOptions) =>
      answer(
        http.DELETE('/projects/{project}/snapshots/{snapshot}', { params: { path: { project, snapshot } }, ...call }),
      ),
    listSnapshotPictures: (project: string, snapshot: string, query: SnapshotPicturesQuery = {}, call?: CallOptions) =>
      answer(
        http.GET('/projects/{project}/snapshots/{snapshot}/pictures', {
          params: { path: { project, snapshot }, query },
          ...call,
        }),
      ),
    /** Address of a snapshot's manifest (Parquet), for a download link. */
    snapshotManifestUrl: (project: string, snapshot: string) =>
      path('projects', project, 'snapshots', snapshot, 'manifest'),
    compareSnapshots: (project: string, snapshot: string, later: string, call?: CallOptions) =>
      answer(
        http.GET('/projects/{project}/snapshots/{snapshot}/compare/{later}', {
          params: { path: { project, snapshot, later } },
          ...call,
        }),
      ),
    listSnapshotDifference: (
      project: string,
      snapshot: string,
      later: string,
      query: SnapshotDifferenceQuery,
      call?: CallOptions,
    ) =>
      answer(
        http.GET('/projects/{project}/snapshots/{snapshot}/compare/{later}/pictures', {
          params: { path: { project, snapshot, later }, query },
          ...call,
        }),
      ),

    createRun: (project: string, body: NewRun, call?: CallOptions) =>
      answer(http.POST('/projects/{project}/runs', { params: { path: { project } }, body, ...call })),
    /** All runs, or one project's, newest first. */
    listRuns: async (project?: string, call?: CallOptions) =>
      project === undefined
        ? (await answer(http.GET('/runs', { ...call }))).runs
        : (await answer(http.GET('/projects/{project}/runs', { params: { path: { project } }, ...call }))).runs,
    getRun: (id: string, call?: CallOptions) => answer(http.GET('/runs/{id}', { params: { path: { id } }, ...call })),
    /** Points after `since` (the `last` of an earlier answer), or all. */
    getRunMetrics: (id: string, since?: number, call?: CallOptions) =>
      answer(http.GET('/runs/{id}/metrics', { params: { path: { id }, query: { since } }, ...call })),
    getRunLog: async (id: string, call?: CallOptions) =>
      (await answer(http.GET('/runs/{id}/log', { params: { path: { id } }, ...call }))).lines,
    listRunSamples: (id: string, call?: CallOptions) =>
      answer(http.GET('/runs/{id}/samples', { params: { path: { id } }, ...call })),
    getRunSamples: (id: string, epoch: number, call?: CallOptions) =>
      answer(http.GET('/runs/{id}/samples/{epoch}', { params: { path: { id, epoch } }, ...call })),
    stopRun: (id: string, call?: CallOptions) =>
      answer(http.POST('/runs/{id}/stop', { params: { path: { id } }, ...call })),
    resumeRun: (id: string, call?: CallOptions) =>
      answer(http.POST('/runs/{id}/resume', { params: { path: { id } }, ...call })),
    /** Live events of a run, until it ends or the signal aborts; reconnects by itself. */
    followRun: (id: string, follow?: FollowOptions) => followRun(path('runs', id, 'events'), send, follow),

    listModels: async (project?: string, call?: CallOptions) =>
      (await answer(http.GET('/models', { params: { query: { project } }, ...call }))).models,
    /** Models of the catalogue that training can start from. */
    listPretrained: async (call?: CallOptions) => (await answer(http.GET('/pretrained', { ...call }))).pretrained,
    getModel: (name: string, call?: CallOptions) =>
      answer(http.GET('/models/{name}', { params: { path: { name } }, ...call })),
    setModelAlias: (name: string, alias: string, version: number, call?: CallOptions) =>
      answer(
        http.PUT('/models/{name}/aliases/{alias}', { params: { path: { name, alias } }, body: { version }, ...call }),
      ),
    /** Address of a version's ONNX file, for a download link. */
    modelFileUrl: (name: string, version: number) => path('models', name, 'versions', version, 'file'),
    /** What the model sees in a picture; `task` of the answer tells what there is. */
    predict: (name: string, image: Blob, query: PredictQuery = {}, call?: CallOptions): Promise<Prediction> => {
      const search = new URLSearchParams();
      for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
      const form = new FormData();
      form.set('image', image, 'image');
      const suffix = search.size > 0 ? `?${search}` : '';
      return post(`${path('models', name, 'predict')}${suffix}`, form, call);
    },

    /** Takes in from a URL, S3, or a path on the server, as a job. */
    startIngest: (project: string, body: NewIngest, call?: CallOptions) =>
      answer(http.POST('/projects/{project}/ingest', { params: { path: { project } }, body, ...call })),
    /** Sends a video or an archive, to be taken in as a job. */
    uploadIngest: async (
      project: string,
      file: Blob,
      query: { readonly name: string; readonly every?: number },
      call?: CallOptions,
    ): Promise<{ jobId: string }> =>
      sendBytes(`${path('projects', project, 'ingest', 'upload')}?${searchOf(query)}`, file, call),
    getEmbeddings: (project: string, call?: CallOptions) =>
      answer(http.GET('/projects/{project}/embeddings', { params: { path: { project } }, ...call })),
    startEmbedding: (project: string, body: ProjectModel, call?: CallOptions) =>
      answer(http.POST('/projects/{project}/embeddings', { params: { path: { project } }, body, ...call })),
    startPrediction: (project: string, body: ProjectModel, call?: CallOptions) =>
      answer(http.POST('/projects/{project}/predictions', { params: { path: { project } }, body, ...call })),
    /** Pictures like one of the project, or like a region of it (xyxy in pixels). */
    findSimilar: (project: string, sha256: string, query: SimilarQuery, call?: CallOptions) =>
      answer(
        http.GET('/projects/{project}/media/{sha256}/similar', {
          params: { path: { project, sha256 }, query: { ...query, region: query.region?.join(',') } },
          ...call,
        }),
      ),
    /** Pictures like one from outside. */
    findSimilarTo: (project: string, picture: Blob, query: SimilarQuery, call?: CallOptions): Promise<Similar> => {
      const search = searchOf({ ...query, region: query.region?.join(',') });
      return sendBytes(`${path('projects', project, 'similar')}?${search}`, picture, call);
    },
    findNearDuplicates: (
      project: string,
      query: { readonly model?: string; readonly distance?: number; readonly limit?: number } = {},
      call?: CallOptions,
    ) => answer(http.GET('/projects/{project}/near-duplicates', { params: { path: { project }, query }, ...call })),
    getMap: (project: string, model: string, call?: CallOptions) =>
      answer(http.GET('/projects/{project}/map', { params: { path: { project }, query: { model } }, ...call })),
    findOutliers: (project: string, model: string, count?: number, call?: CallOptions) =>
      answer(
        http.GET('/projects/{project}/outliers', { params: { path: { project }, query: { model, count } }, ...call }),
      ),
    findMistakes: (
      project: string,
      query: {
        readonly of: 'classes' | 'predicted-classes' | 'boxes';
        readonly model: string;
        readonly count?: number;
      },
      call?: CallOptions,
    ) => answer(http.GET('/projects/{project}/mistakes', { params: { path: { project }, query }, ...call })),

    cancelJob: (id: string, call?: CallOptions) =>
      answer(http.POST('/jobs/{id}/cancel', { params: { path: { id } }, ...call })),
    listJobs: async (call?: CallOptions) => (await answer(http.GET('/jobs', { ...call }))).jobs,
  };

  async function sendBytes<T>(url: string, body: Blob, call?: CallOptions): Promise<T> {
    const headers = { 'Content-Type': 'application/octet-stream' };
    const response = await send(url, { method: 'POST', headers, body, signal: call?.signal });
    const data: unknown = await response.json().catch(() => undefined);
    if (!response.ok || data === undefined) throw toApiError(data, response);
    return data as T;
  }

  async function post<T>(url: string, body: FormData, call?: CallOptions): Promise<T> {
    const response = await send(url, { method: 'POST', body, signal: call?.signal });
    const data: unknown = await response.json().catch(() => undefined);
    if (!response.ok || data === undefined) throw toApiError(data, response);
    return data as T;
  }
}

function toQuery({ labelled, cursor, ...filter }: MediaFilter) {
  return {
    ...filter,
    search: filter.search || undefined,
    cursor: cursor ?? undefined,
    labelled: labelled === undefined ? undefined : labelled ? ('true' as const) : ('false' as const),
  };
}

function searchOf(query: Record<string, unknown>): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value])
      if (each !== undefined) search.append(name, String(each));
  }
  return search;
}

async function answer<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await call;
  if (data === undefined) throw toApiError(error, response);
  return data;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
