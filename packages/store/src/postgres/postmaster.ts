import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { link, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from '../process.js';

/** What PostgreSQL writes about itself into `postmaster.pid`: the one place where its address is to be found. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** Folder of the Unix socket, or an address: what a client takes as `host`. */
  readonly host: string;
  readonly ready: boolean;
}

/** Reads `postmaster.pid` of a data folder; `undefined` where PostgreSQL does not run, or has not written it all yet. */
export async function readPostmaster(data: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => undefined);
  // Lines, from PostgreSQL's miscadmin.h: pid, data folder, start time, port, socket folder, address, shared memory, status.
  const lines = text?.split('\n').map((line) => line.trim());
  if (lines === undefined || lines.length < 8) return undefined;
  const [pid, , , port, socketFolder, address, , status] = lines;
  const host = socketFolder || address;
  if (!host) return undefined;
  return { pid: Number(pid), port: Number(port), host, ready: status === 'ready' };
}

/**
 * Removes a `postmaster.pid` whose process id now belongs to something else than PostgreSQL, as happens when a
 * container starts anew and counts from 1 again: PostgreSQL would take that process for itself and refuse to start.
 */
export async function removeStalePidFile(data: string, socket: string): Promise<void> {
  const file = join(data, 'postmaster.pid');
  const before = await readFile(file, 'utf8').catch(() => undefined);
  const pid = Number(before?.split('\n')[0]);
  if (before === undefined || !Number.isInteger(pid) || pid <= 0 || !isAlive(pid) || runsPostgres(pid, data)) return;
  // Taken aside first: if PostgreSQL has just started and written its own, that one is put back.
  const aside = `${file}.stale-${process.pid}`;
  try {
    await rename(file, aside);
    if ((await readFile(aside, 'utf8')) !== before) await link(aside, file);
    await rm(aside, { force: true });
    await rm(join(socket, `.s.PGSQL.${SOCKET_PORT}.lock`), { force: true });
  } catch {
    // Somebody else removed it first.
  }
}

/** The number in the Unix socket's name; no TCP port is opened for it. */
export const SOCKET_PORT = 5432;

/** Whether the process is the PostgreSQL of this data folder; where that cannot be seen, yes, the careful answer. */
export function runsPostgres(pid: number, data: string): boolean {
  try {
    if (process.platform !== 'linux') {
      return execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).includes('postgres');
    }
    if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('postgres')) return false;
    // PostgreSQL works in its data folder, so the two are told apart however the path was spelled.
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(data);
  } catch {
    return isAlive(pid);
  }
}
