import { resolve } from 'node:path';
import { startServer } from '@fovea/server';
import type { Outcome } from '../outcome.js';
import { type CommonOptions, homeFolder, type Session } from '../session.js';

/** Options of `fovea serve`. */
export interface ServeOptions extends Pick<CommonOptions, 'home' | 'json'> {
  readonly port: number;
  readonly host: string;
  readonly empty?: boolean;
  readonly allowHost?: string[];
  readonly ingestRoot?: string[];
}

/** `fovea serve`: the web app, the API and the worker, until Ctrl-C. */
export async function serveCommand(options: ServeOptions, { terminal, signal }: Session): Promise<Outcome> {
  const server = await startServer({
    home: homeFolder(options),
    host: options.host,
    port: options.port,
    empty: options.empty,
    allowedHosts: options.allowHost,
    ingestRoots: options.ingestRoot?.map((folder) => resolve(folder)),
    log: (text) => terminal.say(text),
  });
  // Unlike other commands' objects this comes at the beginning: whoever starts a server wants its address.
  terminal.json({ url: server.url, home: server.home });
  terminal.print(`Fovea is at ${server.url} (home ${server.home}). Ctrl-C stops it.`);
  if (!/^(127\.|localhost$|::1$)/.test(options.host)) {
    terminal.say(`Everyone who reaches ${server.url} can see and change everything: there is no sign-in.`);
  }
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  terminal.say('Stopping …');
  await server.close();
  terminal.say('Stopped.');
  return { json: null, lines: [], exitCode: 0 };
}
