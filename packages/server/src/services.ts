import type { NewRun } from '@fovea/api';
import type { VectorIndexes } from '@fovea/lake';
import type { Run } from '@fovea/registry';
import type { Serving } from '@fovea/serving';
import type { Home } from '@fovea/store';
import type { LakeWorker } from './lake-worker.js';

/** What runs behind the routes. */
export interface Services {
  readonly home: Home;
  readonly serving: Serving;
  /** The lake's long work. */
  readonly lake: LakeWorker;
  readonly vectors: VectorIndexes;
  /** Makes a run of a request, or finds the stopped one of the same request, and puts it before the worker. */
  submitRun(project: string, request: NewRun): Promise<Run>;
  /** Puts a run before the worker again. */
  resumeRun(runId: string): Promise<Run>;
  /** Asks a run to stop, at once where it runs in this process. */
  stopRun(runId: string): Promise<void>;
  /** The jobs in the queue. */
  listJobs(): Promise<
    {
      id: string;
      name: string;
      state: string;
      data: unknown;
      attempts: number;
      progress: unknown;
      error: string | null;
      createdAt: Date | null;
    }[]
  >;
  /** Aborts when the server shuts down: long answers end then. */
  readonly closing: AbortSignal;
}
