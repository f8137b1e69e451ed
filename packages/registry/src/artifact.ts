import { artifacts, type Home } from '@fovea/store';
import { and, asc, eq, like } from 'drizzle-orm';
import { listKnown, RegistryError } from './error.js';

/** A file a run made. */
export interface Artifact {
  readonly name: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly mediaType: string;
  readonly createdAt: Date;
}

/** Stores a file of a run, on disk before it answers; the same name again replaces it. */
export async function putArtifact(
  home: Home,
  runId: string,
  name: string,
  bytes: Uint8Array | string,
  mediaType: string,
): Promise<Artifact> {
  const stored = await home.blobs.put(typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes);
  const row = { ...stored, mediaType, createdAt: new Date() };
  await home.persist(() =>
    home.db
      .insert(artifacts)
      .values({ runId, name, ...row })
      .onConflictDoUpdate({ target: [artifacts.runId, artifacts.name], set: row }),
  );
  return { name, ...row };
}

/** A run's files by name. @param prefix - only names that start so */
export async function listArtifacts(home: Home, runId: string, prefix = ''): Promise<Artifact[]> {
  const pattern = `${prefix.replace(/[\\%_]/g, '\\$&')}%`;
  return home.db
    .select({
      name: artifacts.name,
      sha256: artifacts.sha256,
      sizeBytes: artifacts.sizeBytes,
      mediaType: artifacts.mediaType,
      createdAt: artifacts.createdAt,
    })
    .from(artifacts)
    .where(and(eq(artifacts.runId, runId), like(artifacts.name, pattern)))
    .orderBy(asc(artifacts.name));
}

/** A file of a run with its bytes. @throws RegistryError `unknown_artifact`, which names the run's. */
export async function readArtifact(
  home: Home,
  runId: string,
  name: string,
): Promise<{ bytes: Uint8Array; mediaType: string }> {
  const [row] = await home.db
    .select()
    .from(artifacts)
    .where(and(eq(artifacts.runId, runId), eq(artifacts.name, name)));
  if (row === undefined) {
    const known = (await listArtifacts(home, runId)).map((artifact) => artifact.name);
    throw new RegistryError('unknown_artifact', `Run ${runId} has no file "${name}"; ${listKnown(known)}.`, {
      run: runId,
      name,
    });
  }
  return { bytes: await home.blobs.read(row.sha256), mediaType: row.mediaType };
}
