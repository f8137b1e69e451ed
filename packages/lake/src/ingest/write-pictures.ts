import type { DatabaseClient, Home } from '@fovea/store';
import { type SeenSource, writeSeenSources } from './known-sources.js';
import { type FactsRow, writeFacts } from './write-facts.js';

/** A picture whose bytes are on disk, with where it came from. */
export interface TakenPicture {
  readonly facts: FactsRow;
  readonly name: string;
  readonly source?: SeenSource;
}

/**
 * Has one transaction after another add pictures to a project, until each ends: of two that bring the same pictures in
 * different orders, each would otherwise wait for the other.
 */
export async function lockMediaOf(client: DatabaseClient, projectId: number): Promise<void> {
  await client.query(`select pg_advisory_xact_lock(hashtextextended('fovea media', $1))`, [projectId]);
}

/**
 * Writes pictures without labels, their facts, and where things came from, in one transaction. Says which of the pictures
 * are new in the project, in their order; of twins the first.
 *
 * @param seen - further locations that were looked at: what could not be used
 */
export async function writeTaken(
  home: Home,
  projectId: number,
  taken: readonly TakenPicture[],
  seen: readonly SeenSource[],
): Promise<boolean[]> {
  return home.transaction(async (client) => {
    await writeFacts(
      client,
      taken.map(({ facts }) => facts),
    );
    const first = new Map<string, TakenPicture>();
    for (const picture of taken) if (!first.has(picture.facts.sha256)) first.set(picture.facts.sha256, picture);
    await lockMediaOf(client, projectId);
    const rows = [...first.values()];
    const inserted = await client.query<{ sha256: string }>(
      `insert into fovea.media (project_id, sha256, name, width, height, format, size_bytes, labelled, boxed)
       select $1, *, false, false
       from unnest($2::text[], $3::text[], $4::integer[], $5::integer[], $6::text[], $7::bigint[])
       on conflict (project_id, sha256) do nothing returning sha256`,
      [
        projectId,
        rows.map(({ facts }) => facts.sha256),
        rows.map(({ name }) => name.replaceAll('\0', '')),
        rows.map(({ facts }) => facts.width),
        rows.map(({ facts }) => facts.height),
        rows.map(({ facts }) => facts.format),
        rows.map(({ facts }) => facts.sizeBytes),
      ],
    );
    await writeSeenSources(client, projectId, [...seen, ...taken.flatMap(({ source }) => source ?? [])]);
    const fresh = new Set(inserted.rows.map((row) => row.sha256));
    return taken.map((picture) => fresh.has(picture.facts.sha256) && first.get(picture.facts.sha256) === picture);
  });
}
