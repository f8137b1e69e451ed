import { type Home, StoreError } from '@fovea/store';
import {
  createPostgresBackend,
  type Job,
  type JobType,
  type PostgresConnectionOptions,
  type PostgresQueueBackend,
  Queue,
  runMigrations,
  UnrecoverableError,
  WaitingError,
  Worker,
} from 'bullmq';
import type pg from 'pg';

/** Where a job stands. */
export type JobState = 'waiting' | 'active' | 'completed' | 'failed';

/** A job, as it stands. */
export interface JobInfo {
  readonly id: string;
  readonly name: string;
  readonly data: unknown;
  readonly state: JobState;
  /** What the handler last told. */
  readonly progress: unknown;
  /** Times it was started. */
  readonly attempts: number;
  /** Why it failed. */
  readonly error: string | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** What a handler gets besides its data. */
export interface JobContext {
  readonly id: string;
  /** Aborts when the job is cancelled or the queue is closed: stop soon, and leave what can be taken up again. */
  readonly signal: AbortSignal;
  /** Remembers how far the job is, for {@link JobQueue.list}. */
  progress(value: object | number): Promise<void>;
}

/** Does the work of one kind of job; what it throws fails the job, or sends it back where attempts are left. */
export type JobHandler<Data> = (data: Data, context: JobContext) => Promise<void>;

/** Handlers by job name. */
export type JobHandlers = Record<string, JobHandler<never>>;

/** Options of {@link JobQueue.submit}. */
export interface SubmitOptions {
  /** 1 is first; jobs without one come before those with one. */
  readonly priority?: number;
  /** Times to try, default 1. */
  readonly attempts?: number;
  /** Own id: while a job of this id waits or runs, submitting it again does nothing. Not a number, without colons. */
  readonly jobId?: string;
}

/** A durable queue with its workers. */
export interface JobQueue {
  /** Puts a job into the queue; it is durable when this answers. Returns its id. */
  submit(name: string, data: object, options?: SubmitOptions): Promise<string>;
  /** Starts taking jobs with these names in this process; a job with another name fails. Once a queue. */
  work(handlers: JobHandlers, options?: { readonly concurrency?: number }): Promise<void>;
  /** Jobs, latest first; finished ones are kept for a while. */
  list(states?: readonly JobState[]): Promise<JobInfo[]>;
  /** One job. @throws StoreError `unknown_job` */
  get(id: string): Promise<JobInfo>;
  /**
   * Takes a waiting job out of the queue, or aborts a running one, in whichever process it runs; a finished job stays as
   * it is. @throws StoreError `unknown_job`
   */
  cancel(id: string): Promise<void>;
  /** Aborts the jobs of this process, which go back into the queue for the next worker, and lets go of everything. */
  close(): Promise<void>;
}

/** Options of {@link openQueue}. */
export interface QueueOptions {
  /** Name of the queue, default `fovea`. */
  readonly name?: string;
  /** How long a job of a killed worker lies before another takes it up, default 15. */
  readonly rescueSeconds?: number;
  /** Told of what goes wrong between jobs, such as a lost connection, which is tried again; default a process warning. */
  readonly onError?: (error: Error) => void;
}

const CANCEL_CHANNEL = 'fovea_job_cancel';
const KEEP = { age: 7 * 24 * 3600, count: 500 };

/**
 * Opens the job queue of a home: BullMQ on the home's own PostgreSQL, in the schema `bullmq`. Any number of processes
 * may submit and work. A job whose worker was killed is taken up again by another, from its start: handlers resume from
 * what they saved.
 */
export async function openQueue(home: Home, options: QueueOptions = {}): Promise<JobQueue> {
  const { name: queueName = 'fovea', rescueSeconds = 15, onError = warn } = options;
  // BullMQ's SQL names its tables without their schema.
  const pool = home.createPool({ max: 8, options: '-c search_path=bullmq' });
  const client = await pool.connect();
  try {
    await runMigrations(client);
  } catch (error) {
    client.release();
    await pool.end();
    throw await home.explain(error);
  }
  client.release();

  const connection = pool as unknown as PostgresConnectionOptions;
  const queue = new Queue(queueName, { connection }, createPostgresBackend);
  queue.on('error', onError);
  let working: RunningWorker | undefined;
  let closing: Promise<void> | undefined;

  const find = async (id: string): Promise<Job> => {
    const job = await queue.getJob(id);
    if (job === undefined) throw new StoreError('unknown_job', `There is no job "${id}".`, { job: id });
    return job as Job;
  };

  return {
    submit: async (name, data, { priority, attempts = 1, jobId } = {}) => {
      if (jobId !== undefined) {
        const before = await queue.getJob(jobId);
        if (before !== undefined && ['completed', 'failed'].includes(await queue.getJobState(jobId))) {
          await before.remove();
        }
      }
      const job = await queue.add(name, data, {
        attempts,
        backoff: { type: 'exponential', delay: 500 },
        removeOnComplete: KEEP,
        removeOnFail: KEEP,
        ...(priority !== undefined && { priority }),
        ...(jobId !== undefined && { jobId }),
      });
      return job.id!;
    },
    work: async (handlers, { concurrency = 1 } = {}) => {
      if (working !== undefined) throw new Error('internal: this queue has a worker already');
      working = await startWorker(queueName, pool, handlers, concurrency, rescueSeconds, onError);
    },
    list: async (states = ['active', 'waiting', 'completed', 'failed']) => {
      const lists = await Promise.all(
        states.map(async (state) => {
          const jobs = (await queue.getJobs(TYPES[state], 0, 499)) as (Job | undefined)[];
          return jobs.flatMap((job) => (job === undefined ? [] : [infoOf(job, state)]));
        }),
      );
      return lists.flat().sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
    },
    get: async (id) => {
      const job = await find(id);
      const state = await queue.getJobState(id);
      return infoOf(job, STATES[state] ?? 'waiting');
    },
    cancel: async (id) => {
      const job = await find(id);
      const state = STATES[await queue.getJobState(id)];
      if (state === 'completed' || state === 'failed') return;
      if (state !== 'active') {
        // Between looking and removing a worker may have taken it: then it is cancelled as a running one.
        const removed = await job.remove().then(
          () => true,
          () => false,
        );
        if (removed) return;
      }
      await pool.query('select pg_notify($1, $2)', [CANCEL_CHANNEL, `${queueName} ${id}`]);
    },
    close: () => {
      closing ??= (async () => {
        await working?.close();
        await queue.close();
        await pool.end();
      })();
      return closing;
    },
  };
}

const TYPES: Record<JobState, JobType[]> = {
  waiting: ['waiting', 'prioritized', 'delayed'],
  active: ['active'],
  completed: ['completed'],
  failed: ['failed'],
};

const STATES: Record<string, JobState> = Object.fromEntries(
  Object.entries(TYPES).flatMap(([state, types]) => types.map((type) => [type, state as JobState])),
);

function infoOf(job: Job, state: JobState): JobInfo {
  const date = (time: number | undefined) => (time === undefined || time === 0 ? null : new Date(time));
  return {
    id: job.id!,
    name: job.name,
    data: job.data as unknown,
    state,
    progress: job.progress,
    attempts: job.attemptsStarted,
    error: state === 'failed' ? (job.failedReason ?? null) : null,
    createdAt: new Date(job.timestamp),
    startedAt: date(job.processedOn),
    finishedAt: date(job.finishedOn ?? undefined),
  };
}

function warn(error: Error): void {
  process.emitWarning(`A job queue had trouble and goes on: ${error.message}`);
}

interface RunningWorker {
  close(): Promise<void>;
}

async function startWorker(
  queueName: string,
  pool: pg.Pool,
  handlers: JobHandlers,
  concurrency: number,
  rescueSeconds: number,
  onError: (error: Error) => void,
): Promise<RunningWorker> {
  let closing = false;
  const cancelled = new Set<string>();
  const run = async (job: Job, token?: string, signal?: AbortSignal): Promise<void> => {
    const handler = handlers[job.name] as JobHandler<unknown> | undefined;
    if (handler === undefined) {
      throw new UnrecoverableError(
        `No handler for jobs named "${job.name}"; known are ${Object.keys(handlers).join(', ')}.`,
      );
    }
    const id = job.id!;
    const context = { id, signal: signal!, progress: (value: object | number) => job.updateProgress(value) };
    try {
      await handler(job.data, context);
    } catch (error) {
      if (cancelled.has(id)) throw new UnrecoverableError('cancelled');
      if (!closing) throw error;
    } finally {
      cancelled.delete(id);
    }
    // Interrupted, not done: the next worker has it.
    if (closing && signal?.aborted) {
      await job.moveToWait(token);
      throw new WaitingError();
    }
  };
  const worker: Worker<unknown, void, string, PostgresQueueBackend> = new Worker(
    queueName,
    run as never,
    {
      connection: pool as unknown as PostgresConnectionOptions,
      concurrency,
      lockDuration: Math.ceil(rescueSeconds * 1000),
      // Whole: the backend hands it to PostgreSQL as a bigint.
      stalledInterval: Math.ceil((rescueSeconds * 1000) / 3),
      // A job may be interrupted as often as the machine is switched off.
      maxStalledCount: 1000,
    },
    createPostgresBackend,
  ) as never;
  worker.on('error', onError);
  await worker.waitUntilReady();
  const cancels = await listenForCancels(pool, (text) => {
    const [name, id] = [text.slice(0, text.indexOf(' ')), text.slice(text.indexOf(' ') + 1)];
    if (name !== queueName) return;
    cancelled.add(id);
    if (!worker.cancelJob(id, 'cancelled')) cancelled.delete(id);
  });
  return {
    close: async () => {
      closing = true;
      worker.cancelAllJobs('the process is closing');
      await worker.close();
      cancels.close();
    },
  };
}

async function listenForCancels(pool: pg.Pool, onCancel: (text: string) => void): Promise<{ close(): void }> {
  let closed = false;
  let client: pg.PoolClient | undefined;
  const listen = async (): Promise<void> => {
    const next = await pool.connect();
    next.on('notification', (message) => onCancel(message.payload ?? ''));
    next.on('error', () => {
      if (client !== next) return;
      client = undefined;
      next.release(true);
      if (!closed) setTimeout(() => void listen().catch(() => undefined), 1000).unref();
    });
    await next.query(`listen ${CANCEL_CHANNEL}`);
    client = next;
  };
  await listen();
  return {
    close: () => {
      closed = true;
      const last = client;
      client = undefined;
      last?.release(true);
    },
  };
}
