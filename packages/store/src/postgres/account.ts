import { type SpawnOptions, spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { StoreError } from '../error.js';

/** How to start PostgreSQL's programs: as ourselves, or, since PostgreSQL refuses to run as root, as somebody else. */
export interface Account {
  /** Owner of the data folder, where it is not this process' own user. */
  readonly uid?: number;
  readonly gid?: number;
  /** Words before the program's own command line. */
  readonly prefix: readonly string[];
  readonly spawnOptions: Pick<SpawnOptions, 'uid' | 'gid'>;
}

const OURSELVES: Account = { prefix: [], spawnOptions: {} };

/**
 * Chooses the user PostgreSQL runs as. Anybody but root: that user. Root: the owner of the data folder, where there is
 * one; else `FOVEA_POSTGRES_USER`, else `postgres`, else `nobody`, whichever the machine has.
 *
 * That user must reach the programs and the data folder. Where folders above them are closed (a clone below `/root`),
 * PostgreSQL gets the one Linux capability that walks through closed folders, as an ambient capability by `setpriv`.
 *
 * @param program - path of a PostgreSQL binary
 * @param folder - an existing folder, the parent of the data folder
 * @param data - the data folder, which need not exist
 * @throws StoreError `no_postgres_account` or `folder_closed`, with what to do
 */
export function chooseAccount(program: string, folder: string, data: string): Account {
  if (process.platform === 'win32' || process.geteuid?.() !== 0) return OURSELVES;
  const { name, uid, gid } = ownerOf(data) ?? findUser();
  if (canReach(uid, gid, program, folder)) return { uid, gid, prefix: [], spawnOptions: { uid, gid } };
  for (const capability of ['dac_read_search', 'dac_override']) {
    const prefix = [
      'setpriv',
      `--reuid=${uid}`,
      `--regid=${gid}`,
      '--clear-groups',
      `--inh-caps=+${capability}`,
      `--ambient-caps=+${capability}`,
      // Without it, access(2) forgets the capability, and PostgreSQL asks access(2) about its own files.
      '--securebits=+no_setuid_fixup',
      '--',
    ];
    const probe = spawnSync(prefix[0]!, [...prefix.slice(1), '/bin/sh', '-c', REACH, 'sh', program, folder]);
    if (probe.status === 0) return { uid, gid, prefix, spawnOptions: {} };
  }
  const home = dirname(folder);
  const otherwise = 'or run Fovea as another user, or set FOVEA_DATABASE_URL.';
  const barred = spawnSync('/bin/sh', ['-c', ':'], { uid, gid }).error !== undefined;
  throw new StoreError(
    'folder_closed',
    barred
      ? `PostgreSQL does not run as root, and this process may not start it as the user "${name}" (a container without ` +
          `the capabilities SETUID and SETGID does that): give it those, ${otherwise}`
      : `PostgreSQL does not run as root, so Fovea runs it as the user "${name}", who may not reach ` +
          `${dirname(program)} or ${home}, and setpriv (util-linux) could not help. Open the folders above them ` +
          `(chmod o+x), or move the home (--home, FOVEA_HOME) and the clone elsewhere, ${otherwise}`,
    { user: name, program, home },
  );
}

// access(2) as PostgreSQL itself asks it, which test -x does.
const REACH = 'test -x "$1" && test -r "$1" && cd "$2"';

function canReach(uid: number, gid: number, program: string, folder: string): boolean {
  return spawnSync('/bin/sh', ['-c', REACH, 'sh', program, folder], { uid, gid }).status === 0;
}

function ownerOf(data: string): { name: string; uid: number; gid: number } | undefined {
  const found = statSync(data, { throwIfNoEntry: false });
  return found === undefined || found.uid === 0
    ? undefined
    : { name: `user ${found.uid}`, uid: found.uid, gid: found.gid };
}

function findUser(): { name: string; uid: number; gid: number } {
  const users = new Map<string, { uid: number; gid: number }>();
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name && Number(uid) > 0) users.set(name, { uid: Number(uid), gid: Number(gid) });
  }
  const wanted = process.env.FOVEA_POSTGRES_USER;
  for (const name of wanted ? [wanted] : ['postgres', 'nobody']) {
    const user = users.get(name);
    if (user !== undefined) return { name, ...user };
  }
  throw new StoreError(
    'no_postgres_account',
    wanted
      ? `FOVEA_POSTGRES_USER names "${wanted}", which is no user of this machine besides root.`
      : 'PostgreSQL does not run as root, and this machine has neither a user "postgres" nor "nobody": ' +
          'create one, or name another by FOVEA_POSTGRES_USER, or set FOVEA_DATABASE_URL.',
  );
}
