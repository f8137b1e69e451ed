import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assertRoom, syncFolder } from '../draft.js';
import { diskFull, StoreError, storageError, systemCode } from '../error.js';
import { isAlive } from '../process.js';
import { type Account, chooseAccount } from './account.js';
import { loadBinaries } from './binaries.js';

/** The folders and files of the embedded PostgreSQL below a home. */
export interface ClusterFolders {
  readonly root: string;
  readonly data: string;
  readonly socket: string;
  readonly password: string;
  readonly log: string;
  readonly keeperLog: string;
}

/** Where the embedded PostgreSQL of a home keeps its things. */
export function clusterFolders(home: string, root = join(home, 'postgres')): ClusterFolders {
  return {
    root,
    data: join(root, 'data'),
    socket: join(root, 'socket'),
    password: join(root, 'password'),
    log: join(root, 'server.log'),
    keeperLog: join(root, 'keeper.log'),
  };
}

/** The one database user of an embedded PostgreSQL. */
export const OWNER = 'fovea';

const MAJOR_VERSION = '18';

/** What an empty cluster takes on disk. */
const CLUSTER_BYTES = 60 * 2 ** 20;

/**
 * Makes the database cluster of a home if it has none.
 *
 * It is made in a folder of its own and renamed when complete and flushed: a process killed in the middle leaves only
 * litter, which the next one removes, and of two that start at once, one is too late and takes the other's.
 */
export async function ensureCluster(home: string, onProgress?: (text: string) => void): Promise<ClusterFolders> {
  const folders = clusterFolders(home);
  const version = await readFile(join(folders.data, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (version !== undefined && version.trim() !== MAJOR_VERSION) {
    throw new StoreError(
      'postgres_version',
      `${folders.data} was written by PostgreSQL ${version.trim()}, and this Fovea brings PostgreSQL ${MAJOR_VERSION}: ` +
        'use the Fovea that made it, or move the data with pg_dump.',
    );
  }
  await removeLitter(home);
  if (version !== undefined) return folders;

  onProgress?.('Creating the database');
  const draft = clusterFolders(home, join(home, `postgres.new-${process.pid}-${randomBytes(4).toString('hex')}`));
  try {
    await assertRoom(home, CLUSTER_BYTES);
    await makeCluster(draft);
    await rename(draft.root, folders.root).catch((error: unknown) => {
      if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(systemCode(error) ?? '')) throw error;
    });
    await syncFolder(home);
    await stat(join(folders.data, 'PG_VERSION')).catch((cause: unknown) => {
      throw new StoreError(
        'database_damaged',
        `${folders.root} exists but holds no PostgreSQL data folder: put its content back from a backup, or remove it.`,
        undefined,
        { cause },
      );
    });
  } catch (error) {
    throw storageError(error, home);
  } finally {
    await rm(draft.root, { recursive: true, force: true }).catch(() => undefined);
  }
  return folders;
}

async function makeCluster(folders: ClusterFolders): Promise<void> {
  const binaries = await loadBinaries();
  await mkdir(folders.root);
  // Others may walk through, not look: PostgreSQL may be another user, and its folders are closed themselves.
  await chmod(folders.root, 0o711);
  const account = chooseAccount(binaries.postgres, folders.root, folders.data);
  for (const folder of [folders.data, folders.socket]) {
    await mkdir(folder, { mode: 0o700 });
    await own(folder, account);
  }
  const password = randomBytes(24).toString('base64url');
  const passwordForInit = join(folders.root, 'password-for-initdb');
  await writeFile(passwordForInit, `${password}\n`, { mode: 0o600 });
  await own(passwordForInit, account);
  await run(account, binaries.initdb, [
    `--pgdata=${folders.data}`,
    `--username=${OWNER}`,
    `--pwfile=${passwordForInit}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ]);
  await rm(passwordForInit);
  await writeFile(folders.password, password, { mode: 0o600, flush: true });
  await syncFolder(folders.root);
}

async function own(path: string, account: Account): Promise<void> {
  if (account.uid !== undefined && account.gid !== undefined) await chown(path, account.uid, account.gid);
}

/** The command line of a PostgreSQL program as `account`, and the options to spawn it with. */
export function commandFor(account: Account, program: string, args: readonly string[]): [string, string[]] {
  const [command, ...rest] = [...account.prefix, program, ...args];
  return [command!, rest];
}

async function run(account: Account, program: string, args: readonly string[]): Promise<void> {
  const [command, rest] = commandFor(account, program, args);
  const child = spawn(command, rest, {
    ...account.spawnOptions,
    cwd: '/',
    env: { ...process.env, LC_ALL: 'C', LC_MESSAGES: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const code = await new Promise<number | string | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve(status ?? signal));
  });
  if (code === 0) return;
  if (/No space left on device|Disk quota exceeded/.test(said)) throw diskFull(args[0]!.slice('--pgdata='.length));
  const reason = said.trim().split('\n').slice(-3).join(' ');
  throw new StoreError(
    'database_not_created',
    `The database could not be created (initdb ended with ${code}): ${reason}`,
  );
}

/** Removes what killed first starts left: drafts whose maker is gone, or which are old. */
async function removeLitter(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    const maker = /^postgres\.new-(\d+)-/.exec(name);
    if (maker === null) continue;
    const path = join(home, name);
    const age = Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? 0);
    if (isAlive(Number(maker[1])) && age < 15 * 60_000) continue;
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}
