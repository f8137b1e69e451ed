import { resolve } from 'node:path';
import { type Client, createClient } from '@fovea/api';
import { type Home, openHome } from '@fovea/store';
import type { Terminal } from './terminal.js';

/** Options that every command takes. */
export interface CommonOptions {
  readonly home?: string;
  readonly server?: string;
  readonly json?: boolean;
}

/** What a command runs in. */
export interface Session {
  readonly terminal: Terminal;
  /** Aborts at the first Ctrl-C. */
  readonly signal: AbortSignal;
}

/** The home folder: `--home`, else `FOVEA_HOME`, else `./fovea-home`. */
export function homeFolder(options: CommonOptions): string {
  return resolve(options.home ?? (process.env.FOVEA_HOME || 'fovea-home'));
}

/** Runs `use` with the home open, and closes it whatever happens. */
export async function withHome<R>(
  options: CommonOptions,
  session: Session,
  use: (home: Home) => Promise<R>,
): Promise<R> {
  const home = await openHome(homeFolder(options), { onProgress: (text) => session.terminal.say(text) });
  try {
    return await use(home);
  } catch (error) {
    throw await home.explain(error);
  } finally {
    await home.close();
  }
}

/** The client of `--server URL`; undefined without it: the command then works on the local home. */
export function remoteOf(options: CommonOptions): Client | undefined {
  return options.server === undefined ? undefined : createClient({ origin: options.server });
}
