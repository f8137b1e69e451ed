import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it, type TestContext } from 'vitest';
import { type Home, openHome } from './home.js';
import { readPostmaster } from './postgres/postmaster.js';
import { isAlive } from './process.js';
import { removeTestHome } from './testing.js';

const HOLD = fileURLToPath(new URL('./fixtures/hold-home.js', import.meta.url));
let lingerBefore: string | undefined;

beforeAll(() => {
  lingerBefore = process.env.FOVEA_KEEPER_LINGER_SECONDS;
  process.env.FOVEA_KEEPER_LINGER_SECONDS = '1';
});

afterAll(() => {
  if (lingerBefore === undefined) delete process.env.FOVEA_KEEPER_LINGER_SECONDS;
  else process.env.FOVEA_KEEPER_LINGER_SECONDS = lingerBefore;
});

async function newPath({ onTestFinished }: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'fovea-home-'));
  onTestFinished(() => removeTestHome(path));
  return path;
}

const open = (path: string): Promise<Home> => openHome(path, { databaseUrl: null });

/** Starts a process that opens the home; it is killed at the test's end, if not before. */
function hold({ onTestFinished }: TestContext, path: string): ChildProcess {
  const child = spawn(process.execPath, [HOLD, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function held(context: TestContext, path: string): Promise<ChildProcess> {
  const child = hold(context, path);
  await Promise.race([
    once(child.stdout!, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error('the process ended before it had the home open'))),
  ]);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
  child.kill('SIGKILL');
  await ended;
}

async function eventually<T>(what: string, probe: () => Promise<T | undefined | false>): Promise<T> {
  for (let i = 0; i < 300; i++) {
    const value = await probe().catch(() => undefined);
    if (value !== undefined && value !== false) return value;
    await sleep(100);
  }
  throw new Error(`${what} did not happen within 30 s`);
}

const postmaster = (path: string) => readPostmaster(join(path, 'postgres', 'data'));

async function isStopped(path: string): Promise<boolean> {
  const running = await postmaster(path);
  return running === undefined || !isAlive(running.pid);
}

async function keeperPid(home: Home): Promise<number | undefined> {
  const found = await home.pool.query<{ pid: number }>(
    `select pid from pg_stat_activity where application_name = 'fovea keeper'`,
  );
  const backend = found.rows[0]?.pid;
  if (backend === undefined) return undefined;
  // The keeper is the process whose command line names its program and this home.
  for (const name of await readdir('/proc')) {
    const line = /^\d+$/.test(name) ? await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '') : '';
    if (line.includes('keeper-main') && line.includes(home.path)) return Number(name);
  }
  return undefined;
}

const heldCount = async (home: Home): Promise<number> =>
  (await home.pool.query('select count(*)::integer as n from public.held')).rows[0].n;

describe('an embedded database', () => {
  it.concurrent('is private, starts with the first client and ends some seconds after the last', async (context) => {
    const { expect } = context;
    const path = await newPath(context);
    const said: string[] = [];
    const first = await openHome(path, { databaseUrl: null, onProgress: (text) => said.push(text) });
    const second = await open(path);
    expect(said).toEqual(['Creating the database', 'Starting the database']);
    expect((await stat(join(path, 'postgres', 'password'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(path, 'postgres', 'data'))).mode & 0o777).toBe(0o700);
    const settings = await first.pool.query('select name, setting from pg_settings where name = any($1)', [
      ['listen_addresses', 'fsync', 'synchronous_commit', 'full_page_writes'],
    ]);
    const byName = Object.fromEntries(settings.rows.map((row) => [row.name, row.setting]));
    expect(byName).toMatchObject({ fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' });
    expect(['', '127.0.0.1']).toContain(byName.listen_addresses);

    await first.close();
    await first.close();
    await sleep(2500);
    expect((await second.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await second.close();
    await eventually('the end of PostgreSQL', () => isStopped(path));
  });

  it.concurrent('is one for processes that start at once on an empty home', async (context) => {
    const { expect } = context;
    const path = await newPath(context);
    await Promise.all([held(context, path), held(context, path), held(context, path)]);
    const home = await open(path);
    expect(await heldCount(home)).toBe(3);
    expect((await readdir(path)).filter((name) => name.startsWith('postgres.'))).toEqual([]);
    await home.close();
  });

  it.concurrent('ends after its only client was killed', async (context) => {
    const path = await newPath(context);
    await kill(await held(context, path));
    await eventually('the end of PostgreSQL', () => isStopped(path));
  });

  it.concurrent('recovers from a first start that was killed, whenever that was', async (context) => {
    const { expect } = context;
    const path = await newPath(context);
    for (const afterMs of [120, 250, 400, 550, 700, 900]) {
      const child = hold(context, path);
      await sleep(afterMs);
      await kill(child);
    }
    const home = await open(path);
    expect((await home.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await home.close();
    await eventually('an end of the litter', async () => {
      await (await open(path)).close();
      return (await readdir(path)).filter((name) => name.startsWith('postgres.')).length === 0;
    });
  });

  it.concurrent('gets a new keeper after its keeper was killed', async (context) => {
    context.skip(process.platform !== 'linux', 'finds the keeper in /proc');
    const path = await newPath(context);
    const first = await open(path);
    const pid = await eventually('a keeper', () => keeperPid(first));
    process.kill(pid, 'SIGKILL');
    await eventually('the end of the keeper', async () => (await keeperPid(first)) === undefined);
    const second = await open(path);
    const next = await eventually('a new keeper', () => keeperPid(second));
    await second.close();

    // Killed again, with nobody to open the home after it: whoever closes it last leaves a keeper behind.
    process.kill(next, 'SIGKILL');
    await eventually('the end of the keeper', async () => (await keeperPid(first)) === undefined);
    await first.close();
    await eventually('the end of PostgreSQL', () => isStopped(path));
  });

  it.concurrent('comes back under an open home after PostgreSQL itself was killed, with all that was saved', async (context) => {
    const { expect } = context;
    const path = await newPath(context);
    const child = await held(context, path);
    const home = await open(path);
    const before = (await postmaster(path))!;
    process.kill(before.pid, 'SIGKILL');
    expect(await eventually('a new PostgreSQL', () => heldCount(home))).toBe(1);
    expect((await postmaster(path))!.pid).not.toBe(before.pid);
    child.stdin!.write('end');
    await home.close();
    await eventually('the end of PostgreSQL', () => isStopped(path));
  });

  it.concurrent('comes back after keeper, PostgreSQL and client were killed together', async (context) => {
    const { expect } = context;
    const path = await newPath(context);
    const child = await held(context, path);
    const home = await open(path);
    const keeper = await keeperPid(home);
    const server = (await postmaster(path))!.pid;
    if (keeper !== undefined) process.kill(keeper, 'SIGKILL');
    process.kill(server, 'SIGKILL');
    child.kill('SIGKILL');
    await home.close();
    const again = await open(path);
    expect(await heldCount(again)).toBe(1);
    await again.close();
  });

  it.concurrent('is not stopped by a postmaster.pid that names a stranger', async (context) => {
    const { expect } = context;
    const path = await newPath(context);
    await (await open(path)).close();
    await eventually('the end of PostgreSQL', () => isStopped(path));
    const data = join(path, 'postgres', 'data');
    const lines = [process.pid, data, 1, 5432, join(path, 'postgres', 'socket'), '', '1 1', 'ready'];
    await writeFile(join(data, 'postmaster.pid'), `${lines.join('\n')}\n`, { mode: 0o600 });
    const home = await open(path);
    expect((await postmaster(path))!.pid).not.toBe(process.pid);
    await home.close();
  });

  it.concurrent('works in a folder with a strange name', async (context) => {
    const { expect } = context;
    const path = join(await newPath(context), 'a, "b" \'c\' ü%20 $x');
    const home = await open(path);
    expect((await home.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await removeTestHome(path, home);
  });

  it.concurrent('ends when its folder is removed under it', async (context) => {
    const path = await newPath(context);
    const home = await open(path);
    const { pid } = (await postmaster(path))!;
    await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    await eventually('the end of PostgreSQL', async () => !isAlive(pid));
    await home.close();
  });

  it.concurrent('listens on the loopback where the path is too long for a socket', async (context) => {
    const { expect } = context;
    const path = join(await newPath(context), 'a-folder-with-a-long-name-'.repeat(5));
    await mkdir(path);
    const home = await open(path);
    try {
      expect((await postmaster(path))!.host).toBe('127.0.0.1');
      expect((await home.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    } finally {
      await removeTestHome(path, home);
    }
  });

  it.concurrent('works as root below a folder that is closed to everybody else', async (context) => {
    const { expect } = context;
    context.skip(process.geteuid?.() !== 0, 'for root only');
    const closed = await newPath(context);
    expect((await stat(closed)).mode & 0o077).toBe(0);
    const path = join(closed, 'home');
    const home = await open(path);
    expect((await stat(join(path, 'postgres', 'data'))).uid).not.toBe(0);
    expect((await home.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await removeTestHome(path, home);
  });
});
