import { existsSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { FoveaError } from '@fovea/annotations';
import { createClient } from '@fovea/api';
import { listProjects, openVectorIndexes, withMirror } from '@fovea/lake';
import { createServing } from '@fovea/serving';
import { type Home, openHome } from '@fovea/store';
import { createAdaptorServer } from '@hono/node-server';
import { createApp } from './app.js';
import { startLakeWorker } from './lake-worker.js';
import { startRunWorker } from './run-worker.js';

/** Options of {@link startServer}. */
export interface ServerOptions {
  /** The home folder. */
  readonly home: string;
  /** Default 127.0.0.1: there is no sign-in. */
  readonly host?: string;
  /** Default 8420; 0 takes any free one. */
  readonly port?: number;
  /** No sample project on an empty home. */
  readonly empty?: boolean;
  /** Names besides addresses and localhost this server answers to. */
  readonly allowedHosts?: readonly string[];
  /** Folders of this machine that may be taken in by whoever uses the API; default none. */
  readonly ingestRoots?: readonly string[];
  /** Told what happens: database started, run begun and ended. */
  readonly log?: (text: string) => void;
}

/** A running server. */
export interface RunningServer {
  /** Where it is, as `http://127.0.0.1:8420`. */
  readonly url: string;
  readonly home: string;
  /** Stops: no new requests, open ones end, the running run writes its checkpoint, then all is let go of. */
  close(): Promise<void>;
}

/** The web app's build, beside this package in the repository. */
const webFolder = fileURLToPath(new URL('../../web/dist', import.meta.url));

/**
 * Starts Fovea: the home, the worker, the API and the web app.
 *
 * @throws FoveaError `port_in_use`, `port_forbidden`, `invalid_host`; StoreError as openHome
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 8420, log = () => undefined } = options;
  const closing = new AbortController();
  // The port first: a second server on one port must not start a database, nor touch anyone's runs.
  const listener = await listen(host, port);
  const opened: (() => Promise<unknown>)[] = [];
  const closeAll = async () => {
    closing.abort();
    await closeListener(listener);
    for (const close of opened.splice(0).reverse()) await close();
  };
  try {
    const home = await openHome(options.home, { onProgress: log });
    opened.push(() => home.close());
    const serving = createServing(home);
    opened.push(() => serving.close());
    const worker = await startRunWorker(home, { empty: options.empty, log });
    opened.push(() => worker.close());
    if (!existsSync(webFolder)) log('The web app is not built (npm run build): only the API is served.');
    const lake = await startLakeWorker(home, { ingestRoots: options.ingestRoots, log });
    opened.push(() => lake.close());
    void warmMirrors(home, closing.signal);
    const vectors = openVectorIndexes(home);
    opened.push(() => vectors.close());
    const listJobs = async () =>
      [...(await worker.listJobs()), ...(await lake.listJobs())].sort(
        (a, b) => b.createdAt.getTime() - a.createdAt.getTime(),
      );
    const services = { home, serving, ...worker, listJobs, lake, vectors, closing: closing.signal };
    const app = createApp(services, { webFolder, allowedHosts: options.allowedHosts });
    listener.handle = (request) => app.fetch(request);
    return { url: listener.url, home: home.path, close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/**
 * Brings the tables that answer questions up to date before anybody asks, one project after another: after a large ingest
 * from the command line the first question would wait for minutes.
 */
async function warmMirrors(home: Home, signal: AbortSignal): Promise<void> {
  try {
    for (const { id, counts } of await listProjects(home)) {
      if (signal.aborted) return;
      if (counts.media > 0) await withMirror(home, id, (mirror) => mirror.read(async () => undefined));
    }
  } catch {
    // Whoever asks is told what is wrong.
  }
}

interface Listener {
  readonly url: string;
  readonly server: Server;
  /** Answers requests; until it is set they are told to come again. */
  handle: (request: Request) => Response | Promise<Response>;
}

async function listen(host: string, port: number): Promise<Listener> {
  const starting = () =>
    Response.json(
      { error: { code: 'starting', message: 'Fovea is starting: try again in a moment.' } },
      { status: 503, headers: { 'Retry-After': '1' } },
    );
  const listener: { handle: Listener['handle'] } = { handle: starting };
  const server = createAdaptorServer({ fetch: (request) => listener.handle(request) }) as Server;
  // A picture over a slow line takes its time; a client that sends its headers byte by byte does not get it.
  server.headersTimeout = 20_000;
  server.requestTimeout = 300_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  }).catch((cause: NodeJS.ErrnoException) => explainListen(cause, host, port));
  const { port: bound } = server.address() as AddressInfo;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  return Object.assign(listener, { server, url });
}

async function explainListen(cause: NodeJS.ErrnoException, host: string, port: number): Promise<never> {
  if (cause.code === 'EADDRINUSE') {
    const who = await whoListens(host, port);
    throw new FoveaError(
      'port_in_use',
      `Port ${port} on ${host} is in use${who}: choose another with --port, or 0 for any free one.`,
      { host, port },
      { cause },
    );
  }
  if (cause.code === 'EACCES') {
    throw new FoveaError(
      'port_forbidden',
      `Port ${port} may not be used by this user: choose one above 1023 with --port.`,
      { port },
      { cause },
    );
  }
  if (cause.code === 'EADDRNOTAVAIL' || cause.code === 'ENOTFOUND') {
    throw new FoveaError(
      'invalid_host',
      `"${host}" is no address of this machine; --host takes 127.0.0.1, for example.`,
      { host },
      { cause },
    );
  }
  throw cause;
}

/** Whether it is a Fovea that holds the port, and which home it serves. */
async function whoListens(host: string, port: number): Promise<string> {
  const client = createClient({ origin: `http://${host}:${port}` });
  const health = await client.getHealth({ signal: AbortSignal.timeout(1500) }).catch(() => undefined);
  return health?.status === 'ok' ? ` by another Fovea (home ${health.home ?? 'unknown'})` : '';
}

async function closeListener({ server }: Listener): Promise<void> {
  const done = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  // Streams were ended by the closing signal; what still hangs after this is a client that does not read.
  const force = setTimeout(() => server.closeAllConnections(), 3000);
  await done;
  clearTimeout(force);
}
