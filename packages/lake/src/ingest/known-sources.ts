import { createHash } from 'node:crypto';
import type { Problem } from '@fovea/formats';
import type { DatabaseClient, Home } from '@fovea/store';

/** What a location held when it was last looked at. */
export interface KnownSource {
  readonly fingerprint: string;
  /** Of the picture or video; null where it could not be used. */
  readonly sha256: string | null;
  readonly problem: { readonly code: string; readonly reason: string } | null;
  /** Whether the project still has the picture. */
  readonly isPresent: boolean;
}

/** Something that was looked at, and what came of it. */
export interface SeenSource {
  readonly location: string;
  readonly fingerprint: string;
  readonly sha256: string | null;
  readonly problem?: Pick<Problem, 'code' | 'reason'>;
}

const keyOf = (location: string): Buffer => createHash('sha256').update(location).digest();

/** What is known of locations, by location. */
export async function loadKnownSources(
  home: Home,
  projectId: number,
  locations: readonly string[],
): Promise<Map<string, KnownSource>> {
  if (locations.length === 0) return new Map();
  const { rows } = await home.pool.query<{
    location: string;
    fingerprint: string;
    sha256: string | null;
    problem_code: string | null;
    problem_reason: string | null;
    present: boolean;
  }>(
    `select s.location, s.fingerprint, s.sha256, s.problem_code, s.problem_reason,
       exists (select 1 from fovea.media m where m.project_id = s.project_id and m.sha256 = s.sha256)
         or exists (select 1 from fovea.videos v where v.project_id = s.project_id and v.sha256 = s.sha256) as present
     from fovea.sources s where s.project_id = $1 and s.location_sha256 = any($2) and s.gone_at is null`,
    [projectId, locations.map(keyOf)],
  );
  return new Map(
    rows.map(({ location, fingerprint, sha256, problem_code, problem_reason, present }) => [
      location,
      {
        fingerprint,
        sha256,
        problem: problem_code === null ? null : { code: problem_code, reason: problem_reason ?? '' },
        isPresent: present,
      },
    ]),
  );
}

/** Remembers what came of locations. */
export async function writeSeenSources(
  client: DatabaseClient,
  projectId: number,
  seen: readonly SeenSource[],
): Promise<void> {
  const byKey = new Map(seen.map((each) => [keyOf(each.location).toString('hex'), each]));
  const rows = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1));
  if (rows.length === 0) return;
  const clean = (text: string | undefined) => text?.replaceAll('\0', '') ?? null;
  await client.query(
    `insert into fovea.sources (project_id, location_sha256, location, fingerprint, sha256, problem_code, problem_reason)
     select $1, decode(key, 'hex'), location, fingerprint, sha256, code, reason
     from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) as t (key, location, fingerprint, sha256, code, reason)
     on conflict (project_id, location_sha256) do update set fingerprint = excluded.fingerprint, sha256 = excluded.sha256,
       problem_code = excluded.problem_code, problem_reason = excluded.problem_reason, seen_at = now(), gone_at = null`,
    [
      projectId,
      rows.map(([key]) => key),
      rows.map(([, { location }]) => clean(location)),
      rows.map(([, { fingerprint }]) => clean(fingerprint)),
      rows.map(([, { sha256 }]) => sha256),
      rows.map(([, { problem }]) => clean(problem?.code)),
      rows.map(([, { problem }]) => clean(problem?.reason)),
    ],
  );
}

/** Marks locations that are no longer there. Their pictures stay. Says how many were known. */
export async function markGone(home: Home, projectId: number, locations: readonly string[]): Promise<number> {
  const { rowCount } = await home.pool.query(
    'update fovea.sources set gone_at = now() where project_id = $1 and location_sha256 = any($2) and gone_at is null',
    [projectId, locations.map(keyOf)],
  );
  return rowCount ?? 0;
}

/** Every known location below a folder, in batches. */
export async function* knownBelow(home: Home, projectId: number, root: string): AsyncGenerator<string[]> {
  const prefix = root.endsWith('/') ? root : `${root}/`;
  for (let after: Buffer = Buffer.alloc(0); ; ) {
    const { rows } = await home.pool.query<{ key: Buffer; location: string }>(
      `select location_sha256 as key, location from fovea.sources
       where project_id = $1 and location_sha256 > $2 and gone_at is null and starts_with(location, $3)
       order by location_sha256 limit 1000`,
      [projectId, after, prefix],
    );
    if (rows.length === 0) return;
    yield rows.map(({ location }) => location);
    after = rows.at(-1)!.key;
  }
}
