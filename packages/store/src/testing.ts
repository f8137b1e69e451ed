import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Home, openHome } from './home.js';
import { stopDatabase } from './postgres/server.js';

/** A home of its own for a test, with a real database. */
export interface TestHome {
  readonly home: Home;
  readonly path: string;
  /** Closes the home, stops its database and removes the folder. */
  remove(): Promise<void>;
}

/** Makes a home in a new temporary folder; takes about a second, so one a test file. */
export async function openTestHome(): Promise<TestHome> {
  const path = await mkdtemp(join(tmpdir(), 'fovea-test-'));
  const home = await openHome(path, { databaseUrl: null, blobsUrl: null });
  return { home, path, remove: () => removeTestHome(path, home) };
}

/** Stops the database of a home and removes its folder. */
export async function removeTestHome(path: string, home?: Home): Promise<void> {
  await home?.close();
  await stopDatabase(path);
  // The keeper may just be writing its last words.
  await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

export { openTestS3, type TestS3, type TestS3Options } from './fixtures/s3-server.js';
