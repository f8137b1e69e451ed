import type { Serving } from '@fovea/serving';
import type { Home } from '@fovea/store';

/** What runs behind the routes. */
export interface Services {
  readonly home: Home;
  readonly serving: Serving;
  /** Puts a queued run before the worker. */
  enqueueRun(runId: string): Promise<void>;
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
      error: string | null;
      createdAt: Date | null;
    }[]
  >;
  /** Aborts when the server shuts down: long answers end then. */
  readonly closing: AbortSignal;
}
