import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { type Home, isAlive, type RunState, runs } from '@fovea/store';
import { and, eq, inArray, sql } from 'drizzle-orm';
import { getRun, type Run, setRunState } from './run.js';

/** The right to work on a run, renewed by a heartbeat until it is released, lost, or its process dies. */
export interface RunLease {
  readonly runId: string;
  /** Aborts when the lease is lost: the database says another process holds the run, or was away for too long. */
  readonly signal: AbortSignal;
  /** Gives the run back. */
  release(): Promise<void>;
}

/** Seconds a lease lasts without a heartbeat; heartbeats come five times as often. */
export const LEASE_SECONDS = 30;

/**
 * Claims a run for this process. A run whose holder is gone is taken over: at once where the holder was a process of
 * this machine, otherwise when its lease has run out.
 *
 * @param owner - who says so, for people to read (`server`, `cli`)
 * @returns the lease, or false where another live process holds it
 * @throws RegistryError `unknown_run`
 */
export async function claimRun(home: Home, runId: string, owner: string): Promise<RunLease | false> {
  const holder = `${owner}/${hostname()}/${process.pid}/${randomUUID()}`;
  if (!(await take(home, runId, holder))) return false;
  const lost = new AbortController();
  let renewedAt = Date.now();
  const heartbeat = setInterval(
    async () => {
      try {
        if (await renew(home, runId, holder)) renewedAt = Date.now();
        else lost.abort(new Error('internal: the run was claimed by another process'));
      } catch {
        // The database is away: it may come back before the lease runs out.
        if (Date.now() - renewedAt > LEASE_SECONDS * 1000) lost.abort(new Error('the database was away for too long'));
      }
    },
    (LEASE_SECONDS * 1000) / 5,
  );
  heartbeat.unref();
  return {
    runId,
    signal: lost.signal,
    release: async () => {
      clearInterval(heartbeat);
      await home.db
        .update(runs)
        .set({ leaseOwner: null, leaseExpiresAt: null })
        .where(and(eq(runs.id, runId), eq(runs.leaseOwner, holder)));
    },
  };
}

/** Gives a run back; the same as `lease.release()`. */
export async function releaseRun(lease: RunLease): Promise<void> {
  await lease.release();
}

/**
 * Asks a run to stop: a queued or abandoned one is `stopped` at once, a running one is `stopping` until its process
 * sees it. One that has ended stays as it is.
 */
export async function requestStop(home: Home, runId: string): Promise<Run> {
  const run = await getRun(home, runId);
  if (run.state === 'queued') return setRunState(home, runId, 'stopped', { from: ['queued'] });
  if (run.state !== 'running' && run.state !== 'stopping') return run;
  const [row] = await home.db.select().from(runs).where(eq(runs.id, runId));
  const held = row?.leaseOwner != null && isHeld(row.leaseOwner, row.leaseExpiresAt);
  return setRunState(home, runId, held ? 'stopping' : 'stopped', { from: ['running', 'stopping'] });
}

/** Runs that say `running` or `stopping` although no live process holds them: their process was killed. */
export async function listAbandonedRuns(home: Home): Promise<Run[]> {
  const active: RunState[] = ['running', 'stopping'];
  const rows = await home.db
    .select({ id: runs.id, owner: runs.leaseOwner, expiresAt: runs.leaseExpiresAt })
    .from(runs)
    .where(inArray(runs.state, active));
  const abandoned = rows.filter((row) => row.owner === null || !isHeld(row.owner, row.expiresAt));
  return Promise.all(abandoned.map((row) => getRun(home, row.id)));
}

const expiry = sql`now() + make_interval(secs => ${LEASE_SECONDS})`;

async function take(home: Home, runId: string, holder: string): Promise<boolean> {
  return home.db.transaction(async (tx) => {
    const [row] = await tx
      .select({
        owner: runs.leaseOwner,
        expiresAt: runs.leaseExpiresAt,
      })
      .from(runs)
      .where(eq(runs.id, runId))
      .for('update');
    if (row === undefined) {
      await getRun(home, runId);
      return false;
    }
    if (row.owner !== null && isHeld(row.owner, row.expiresAt)) return false;
    await tx.update(runs).set({ leaseOwner: holder, leaseExpiresAt: expiry }).where(eq(runs.id, runId));
    return true;
  });
}

async function renew(home: Home, runId: string, holder: string): Promise<boolean> {
  const renewed = await home.db
    .update(runs)
    .set({ leaseExpiresAt: expiry })
    .where(and(eq(runs.id, runId), eq(runs.leaseOwner, holder)))
    .returning({ id: runs.id });
  return renewed.length === 1;
}

function isHeld(holder: string, expiresAt: Date | null): boolean {
  if (expiresAt === null || expiresAt.getTime() < Date.now()) return false;
  const [, host, pid] = holder.split('/');
  return host !== hostname() || isAlive(Number(pid));
}
