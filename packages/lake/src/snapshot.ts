import { FoveaError } from '@fovea/annotations';
import { type DatabaseClient, type Home, projects, type SnapshotCounts, snapshots } from '@fovea/store';
import { and, desc, eq, or, type SQL } from 'drizzle-orm';
import { projectIdOf } from './project.js';
import type { MediaFilter } from './query/filter.js';
import { chooseByFilter, chooseBySql, storeChoice } from './snapshots/choose.js';
import { type Frozen, freeze } from './snapshots/freeze.js';
import { inTransaction, withSnapshotLock } from './snapshots/lock.js';
import { type ManifestRange, streamManifest, writeManifest } from './snapshots/manifest-file.js';
import type { ManifestPicture } from './snapshots/picture.js';
import { withScratch } from './snapshots/scratch.js';

/** An immutable dataset version: media, annotations, class list and split. */
export interface Snapshot {
  /** From the SHA-256 of its content in canonical form: the same content is the same snapshot. */
  readonly id: string;
  readonly projectId: number;
  /** The project's name. */
  readonly project: string;
  readonly name: string;
  readonly description: string;
  /** By class index. */
  readonly classNames: readonly string[];
  readonly valFraction: number;
  readonly seed: number;
  readonly counts: SnapshotCounts;
  /** What was asked for, where that is not just the whole project. */
  readonly query: SnapshotQuery | null;
  /** Of the stored manifest, a blob: Parquet, or JSON lines where it is from before that. */
  readonly manifestSha256: string;
  readonly createdAt: Date;
}

/** What a snapshot is made of, where it is not just the whole project. */
export interface SnapshotQuery {
  readonly filter?: MediaFilter;
  readonly sql?: string;
  readonly testFraction?: number;
  readonly splits?: 'new';
  readonly includeUnlabelled?: true;
}

/** What {@link createSnapshot} gives. */
export interface CreatedSnapshot extends Snapshot {
  /** False: this content was a snapshot before, under the name and of the day that are given. */
  readonly isNew: boolean;
}

/** Options of {@link createSnapshot}. */
export interface SnapshotOptions {
  /** Unique in its project; default `v1`, `v2`, …; a snapshot that exists keeps its name. */
  readonly name?: string;
  readonly description?: string;
  /** Only these pictures. Not together with `sql`. */
  readonly filter?: MediaFilter;
  /** Only the pictures that this SELECT gives by a column `media_id` or `sha256`. */
  readonly sql?: string;
  /** Share of the pictures to validate on, in (0, 1); default 0.15. */
  readonly valFraction?: number;
  /** Share of the pictures to put aside as `test`; default 0. */
  readonly testFraction?: number;
  /** An integer; another one splits differently. */
  readonly seed?: number;
  /** Whether splits that the pictures came with are kept (default) or all are split anew. */
  readonly splits?: 'keep' | 'new';
  /** Takes pictures that nobody labelled too: for what is learnt without labels. Default false. */
  readonly includeUnlabelled?: boolean;
  readonly signal?: AbortSignal;
  /** Told how many pictures were read. */
  readonly onProgress?: (done: number) => void;
}

const MAX_NAME = 100;
const MAX_DESCRIPTION = 10_000;

/**
 * Freezes a project's labelled pictures, or those of a filter or a query, as `assignSplits` splits them. Pictures nobody
 * labelled are left out and counted: they would teach that what is on them is background. No picture is copied. The same
 * content gives the same snapshot again.
 *
 * @throws FoveaError `unknown_project`; `nothing_labelled` where there is no labelled picture; `bad_fraction`,
 *   `bad_snapshot_name`, `snapshot_name_taken`, `bad_snapshot_choice`; `bad_filter`, `bad_query`
 */
export async function createSnapshot(
  home: Home,
  projectName: string,
  options: SnapshotOptions = {},
): Promise<CreatedSnapshot> {
  const projectId = await projectIdOf(home, projectName);
  const { valFraction = 0.15, testFraction = 0, seed = 0, filter, sql, splits = 'keep', signal } = options;
  const includeUnlabelled = options.includeUnlabelled ?? false;
  checkOptions(options, valFraction, testFraction);
  return withScratch(home, async (scratch) => {
    const choice =
      sql !== undefined
        ? await chooseBySql(home, projectId, sql, scratch, signal)
        : filter && (await chooseByFilter(home, projectId, filter));
    return withSnapshotLock(home, async (client) => {
      const files = { draft: scratch.file(), lines: scratch.file() };
      // One moment in time, whatever is imported meanwhile.
      const frozen = await inTransaction(client, 'begin isolation level repeatable read', async () => {
        if (choice) await storeChoice(client, projectId, choice);
        const keepsSplits = splits === 'keep';
        const settings = { projectId, project: projectName, isChosen: choice !== undefined, includeUnlabelled };
        const shares = { valFraction, testFraction, seed, keepsSplits };
        const told = { ...(signal && { signal }), ...(options.onProgress && { onPicture: options.onProgress }) };
        return freeze(client, { ...settings, ...shares, ...told }, files);
      });
      if (frozen === undefined) throw nothingLabelled(projectName, choice !== undefined);
      const id = frozen.contentSha256.slice(0, 20);
      const [before] = await selectSnapshots(home, eq(snapshots.id, id));
      if (before !== undefined) return { ...before, isNew: false };

      const query: SnapshotQuery = {
        ...(filter && { filter }),
        ...(sql !== undefined && { sql }),
        ...(testFraction > 0 && { testFraction }),
        ...(splits === 'new' && { splits }),
        ...(includeUnlabelled && { includeUnlabelled }),
      };
      const asked = Object.keys(query).length === 0 ? null : query;
      const target = scratch.file();
      const { contentSha256, header, lines } = frozen;
      await writeManifest(scratch.duck, lines, target, {
        format: 'fovea-snapshot',
        version: 2,
        id,
        contentSha256,
        ...header,
        query: asked,
      });
      const stored = await home.blobs.put(target);
      const isNew = await insertSnapshot(client, {
        id,
        projectId,
        manifestSha256: stored.sha256,
        frozen,
        query: asked,
        options,
      });
      return { ...(await findById(home, id)), isNew };
    });
  });
}

function checkOptions(options: SnapshotOptions, valFraction: number, testFraction: number): void {
  const { name, description = '', filter, sql, seed = 0 } = options;
  if (!(valFraction > 0 && valFraction < 1)) {
    throw new FoveaError('bad_fraction', `valFraction lies between 0 and 1, not at ${valFraction}.`, { valFraction });
  }
  if (!(testFraction >= 0 && testFraction + valFraction < 1)) {
    const told = `testFraction is at least 0 and with valFraction (${valFraction}) below 1, not ${testFraction}.`;
    throw new FoveaError('bad_fraction', told, { valFraction, testFraction });
  }
  if (!Number.isInteger(seed) || Math.abs(seed) > 2 ** 31 - 1) {
    throw new FoveaError('bad_seed', `The seed is a whole number of at most 2147483647 either way, not ${seed}.`, {
      seed,
    });
  }
  if (filter !== undefined && sql !== undefined) {
    throw new FoveaError('bad_snapshot_choice', 'A snapshot is made by a filter or by a query, not by both.');
  }
  if (name !== undefined && (name.trim() !== name || name === '' || name.length > MAX_NAME || /\p{Cc}/u.test(name))) {
    throw new FoveaError(
      'bad_snapshot_name',
      `"${name.slice(0, 200)}" cannot name a snapshot: 1 to ${MAX_NAME} characters on one line can, with no blank at either end.`,
      { name: name.slice(0, 200) },
    );
  }
  if (description.length > MAX_DESCRIPTION || description.includes('\0')) {
    throw new FoveaError(
      'bad_description',
      `A description has at most ${MAX_DESCRIPTION} characters, none of them NUL.`,
    );
  }
}

function nothingLabelled(project: string, isChosen: boolean): FoveaError {
  const told = isChosen
    ? `None of the chosen pictures of "${project}" is labelled: choose others, or label some first.`
    : `The project "${project}" has no labelled pictures: import some with annotations first.`;
  return new FoveaError('nothing_labelled', told, { project });
}

interface NewSnapshotRow {
  readonly id: string;
  readonly projectId: number;
  readonly manifestSha256: string;
  readonly frozen: Frozen;
  readonly query: SnapshotQuery | null;
  readonly options: SnapshotOptions;
}

/** Writes the row, names being unique in the project; false where another process wrote the same content first. */
async function insertSnapshot(client: DatabaseClient, row: NewSnapshotRow): Promise<boolean> {
  const { id, projectId, frozen, options } = row;
  const { counts, classNames, valFraction, seed } = frozen.header;
  return inTransaction(client, 'begin', async () => {
    // One at a time, until this transaction ends.
    await client.query('select 1 from fovea.projects where id = $1 for no key update', [projectId]);
    const { rows } = await client.query<{ id: string; name: string }>(
      'select id, name from fovea.snapshots where project_id = $1 order by created_at desc',
      [projectId],
    );
    if (rows.some((known) => known.id === id)) return false;
    const taken = new Set(rows.map(({ name }) => name));
    if (options.name !== undefined && taken.has(options.name)) {
      const known = [...taken].slice(0, 30);
      throw new FoveaError(
        'snapshot_name_taken',
        `The project has a snapshot "${options.name}" with other content; its snapshots are ${known.join(', ')}. Choose another name.`,
        { name: options.name, known },
      );
    }
    let next = rows.length + 1;
    while (taken.has(`v${next}`)) next++;
    const kept: SnapshotCounts = {
      ...counts,
      unlabelled: frozen.unlabelled,
      groups: frozen.groups,
      ...(frozen.torn && { torn: 1 }),
    };
    const inserted = await client.query(
      `insert into fovea.snapshots (id, project_id, name, description, manifest_sha256, class_names, val_fraction, seed, counts, query)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (id) do nothing`,
      [
        id,
        projectId,
        options.name ?? `v${next}`,
        options.description ?? '',
        row.manifestSha256,
        JSON.stringify(classNames),
        valFraction,
        seed,
        JSON.stringify(kept),
        row.query && JSON.stringify(row.query),
      ],
    );
    return inserted.rowCount === 1;
  });
}

/** A snapshot by its id. @throws FoveaError `unknown_snapshot` */
export async function findById(home: Home, id: string): Promise<Snapshot> {
  const [snapshot] = await selectSnapshots(home, eq(snapshots.id, id));
  if (snapshot === undefined)
    throw new FoveaError('unknown_snapshot', `There is no snapshot "${id}".`, { snapshot: id });
  return snapshot;
}

/** A project's snapshot by its id or name. @throws FoveaError `unknown_project`, `unknown_snapshot`, which names the known ones */
export async function findSnapshot(home: Home, projectName: string, idOrName: string): Promise<Snapshot> {
  const projectId = await projectIdOf(home, projectName);
  const named = or(eq(snapshots.id, idOrName), eq(snapshots.name, idOrName));
  const found = await selectSnapshots(home, and(eq(snapshots.projectId, projectId), named)!);
  const snapshot = found.find(({ id }) => id === idOrName) ?? found[0];
  if (snapshot !== undefined) return snapshot;
  const known = (await selectSnapshots(home, eq(snapshots.projectId, projectId))).map(({ name }) => name);
  throw new FoveaError(
    'unknown_snapshot',
    `The project "${projectName}" has no snapshot "${idOrName}"; ${known.length === 0 ? 'it has none yet' : `known are ${known.slice(0, 30).join(', ')}`}.`,
    { snapshot: idOrName, known: known.slice(0, 30) },
  );
}

/** A project's snapshots, latest first. @throws FoveaError `unknown_project` */
export async function listSnapshots(home: Home, projectName: string): Promise<Snapshot[]> {
  return selectSnapshots(home, eq(snapshots.projectId, await projectIdOf(home, projectName)));
}

async function selectSnapshots(home: Home, where: SQL): Promise<Snapshot[]> {
  const rows = await home.db
    .select({ snapshot: snapshots, project: projects.name })
    .from(snapshots)
    .innerJoin(projects, eq(projects.id, snapshots.projectId))
    .where(where)
    .orderBy(desc(snapshots.createdAt));
  return rows.map(({ snapshot, project }) => ({
    ...snapshot,
    project,
    query: snapshot.query as SnapshotQuery | null,
    counts: {
      ...snapshot.counts,
      classified: snapshot.counts.classified ?? 0,
      labelMaps: snapshot.counts.labelMaps ?? 0,
    },
  }));
}

/**
 * A snapshot's pictures by SHA-256, read as they are asked for: `for await (const picture of readManifest(home, id))`.
 * The manifest's bytes are held against their SHA-256 first, once a process.
 *
 * @param snapshot - the snapshot or its id
 * @throws FoveaError `unknown_snapshot`, `damaged_manifest`; StoreError `unknown_blob`
 */
export async function* readManifest(
  home: Home,
  snapshot: Snapshot | string,
  range?: ManifestRange,
): AsyncGenerator<ManifestPicture> {
  const { manifestSha256 } = typeof snapshot === 'string' ? await findById(home, snapshot) : snapshot;
  yield* streamManifest(home, manifestSha256, range);
}

/** A snapshot's pictures as {@link readManifest} gives them, all in one list. */
export async function loadManifest(
  home: Home,
  snapshot: Snapshot | string,
  range?: ManifestRange,
): Promise<ManifestPicture[]> {
  const pictures: ManifestPicture[] = [];
  for await (const picture of readManifest(home, snapshot, range)) pictures.push(picture);
  return pictures;
}
