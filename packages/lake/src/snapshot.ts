import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { FoveaError, type Xyxy } from '@fovea/annotations';
import { annotations, classes, type Home, media, projects, type SnapshotCounts, snapshots } from '@fovea/store';
import { and, asc, count, desc, eq, type SQL } from 'drizzle-orm';
import { groupBy } from './group-by.js';
import { projectIdOf } from './project.js';
import { assignSplits, type Split } from './split.js';

/** An immutable dataset version: media, annotations, class list and split. */
export interface Snapshot {
  /** From the manifest's SHA-256: the same content is the same snapshot. */
  readonly id: string;
  readonly projectId: number;
  /** The project's name. */
  readonly project: string;
  readonly name: string;
  /** By class index. */
  readonly classNames: readonly string[];
  readonly valFraction: number;
  readonly seed: number;
  readonly counts: SnapshotCounts;
  readonly manifestSha256: string;
  readonly createdAt: Date;
}

/** A picture in a snapshot. */
export interface ManifestPicture {
  readonly sha256: string;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly split: Split;
  readonly annotations: readonly { readonly classIndex: number; readonly box: Xyxy; readonly isCrowd?: boolean }[];
}

/** Options of {@link createSnapshot}. */
export interface SnapshotOptions {
  /** Default `v1`, `v2`, …; a snapshot that exists keeps its name. */
  readonly name?: string;
  /** Share of the pictures to validate on, in (0, 1); default 0.15. */
  readonly valFraction?: number;
  /** An integer; another one splits differently. */
  readonly seed?: number;
}

/**
 * Freezes a project's labelled pictures, as {@link assignSplits} splits them. Pictures nobody labelled are left out:
 * they would teach a detector that what is on them is background. The same content gives the same snapshot again.
 *
 * @throws FoveaError `unknown_project`; `nothing_labelled` where there is no labelled picture; `bad_fraction`
 */
export async function createSnapshot(
  home: Home,
  projectName: string,
  options: SnapshotOptions = {},
): Promise<Snapshot> {
  const projectId = await projectIdOf(home, projectName);
  const { valFraction = 0.15, seed = 0 } = options;
  if (!(valFraction > 0 && valFraction < 1)) {
    throw new FoveaError('bad_fraction', `valFraction lies between 0 and 1, not at ${valFraction}.`, { valFraction });
  }
  const { classNames, pictures } = await readProject(home, projectId);
  if (pictures.length === 0) {
    throw new FoveaError(
      'nothing_labelled',
      `The project "${projectName}" has no labelled pictures: import some with annotations first.`,
      { project: projectName },
    );
  }
  const splits = assignSplits(
    pictures.map((picture) => ({
      ...picture,
      classIndices: picture.annotations.map((annotation) => annotation.classIndex),
    })),
    valFraction,
    seed,
  );
  const manifest = pictures.map((picture, index): ManifestPicture => ({ ...picture, split: splits[index]! }));
  const counts: SnapshotCounts = {
    media: manifest.length,
    annotations: manifest.reduce((sum, picture) => sum + picture.annotations.length, 0),
    train: splits.filter((split) => split === 'train').length,
    val: splits.filter((split) => split === 'val').length,
    test: splits.filter((split) => split === 'test').length,
  };
  const header = { format: 'fovea-snapshot', version: 1, project: projectName, classNames, valFraction, seed, counts };
  const text = [header, ...manifest].map((line) => `${JSON.stringify(line)}\n`).join('');
  const stored = await home.blobs.put(new TextEncoder().encode(text));
  const id = stored.sha256.slice(0, 20);
  const [existing] = await home.db.select({ count: count() }).from(snapshots).where(eq(snapshots.projectId, projectId));
  await home.db
    .insert(snapshots)
    .values({
      id,
      projectId,
      name: options.name ?? `v${(existing?.count ?? 0) + 1}`,
      manifestSha256: stored.sha256,
      classNames,
      valFraction,
      seed,
      counts,
    })
    .onConflictDoNothing();
  return getSnapshot(home, id);
}

async function readProject(
  home: Home,
  projectId: number,
): Promise<{
  classNames: string[];
  pictures: (Omit<ManifestPicture, 'split'> & { split: string | null })[];
}> {
  // One moment in time, whatever is imported meanwhile.
  return home.db.transaction(
    async (tx) => {
      const names = await tx
        .select({ name: classes.name })
        .from(classes)
        .where(eq(classes.projectId, projectId))
        .orderBy(asc(classes.index));
      const rows = await tx
        .select({
          id: media.id,
          sha256: media.sha256,
          name: media.name,
          width: media.width,
          height: media.height,
          split: media.split,
        })
        .from(media)
        .where(and(eq(media.projectId, projectId), eq(media.labelled, true)))
        .orderBy(asc(media.sha256));
      const boxes = await tx
        .select({
          mediaId: annotations.mediaId,
          classIndex: annotations.classIndex,
          box: annotations.box,
          isCrowd: annotations.isCrowd,
        })
        .from(annotations)
        .where(eq(annotations.projectId, projectId))
        .orderBy(asc(annotations.mediaId), asc(annotations.classIndex), asc(annotations.box), asc(annotations.isCrowd));
      const byMedia = groupBy(boxes, (box) => box.mediaId);
      return {
        classNames: names.map((row) => row.name),
        pictures: rows.map(({ id, ...picture }) => ({
          ...picture,
          annotations: (byMedia.get(id) ?? []).map(({ classIndex, box, isCrowd }) => ({
            classIndex,
            box,
            ...(isCrowd && { isCrowd }),
          })),
        })),
      };
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  );
}

/** One snapshot. @throws FoveaError `unknown_snapshot` */
export async function getSnapshot(home: Home, id: string): Promise<Snapshot> {
  const [snapshot] = await selectSnapshots(home, eq(snapshots.id, id));
  if (snapshot === undefined)
    throw new FoveaError('unknown_snapshot', `There is no snapshot "${id}".`, { snapshot: id });
  return snapshot;
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
  return rows.map(({ snapshot, project }) => ({ ...snapshot, project }));
}

/**
 * A snapshot's pictures, by SHA-256.
 *
 * @param snapshot - the snapshot or its id
 * @throws FoveaError `unknown_snapshot`; StoreError `unknown_blob`
 */
export async function readManifest(home: Home, snapshot: Snapshot | string): Promise<ManifestPicture[]> {
  const { manifestSha256 } = typeof snapshot === 'string' ? await getSnapshot(home, snapshot) : snapshot;
  if (!(await home.blobs.has(manifestSha256))) await home.blobs.read(manifestSha256);
  const lines = createInterface({ input: createReadStream(home.blobs.pathOf(manifestSha256)), crlfDelay: Infinity });
  const pictures: ManifestPicture[] = [];
  let isHeader = true;
  for await (const line of lines) {
    if (!isHeader) pictures.push(JSON.parse(line) as ManifestPicture);
    isHeader = false;
  }
  return pictures;
}
