import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { FoveaError, groupBy, type Xyxy } from '@fovea/annotations';
import {
  annotations,
  classes,
  type Home,
  labelMapClasses,
  labelMaps,
  media,
  mediaClasses,
  projects,
  type SnapshotCounts,
  snapshots,
} from '@fovea/store';
import { and, asc, count, desc, eq, isNull, type SQL } from 'drizzle-orm';
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
  /** Classes of the picture as a whole, ascending, where its label says such; never empty. */
  readonly classIndices?: readonly number[];
  /** A class for each pixel, where its label says such: the blob `decodeLabelMap` reads, class indices, 255 unlabelled. */
  readonly labelMapSha256?: string;
  /**
   * False: its labels are of other kinds, and nobody said which boxes are in it; so it is no background either, and
   * nothing for a detector. Otherwise absent.
   */
  readonly boxed?: false;
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
 * they would teach that what is on them is background. The same content gives the same snapshot again.
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
  const { classNames, pictures, classesOfMaps } = await readProject(home, projectId);
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
      classIndices: [
        ...picture.annotations.map((annotation) => annotation.classIndex),
        ...(picture.classIndices ?? []),
        ...(classesOfMaps.get(picture.sha256) ?? []),
      ],
    })),
    valFraction,
    seed,
  );
  const manifest = pictures.map((picture, index): ManifestPicture => ({ ...picture, split: splits[index]! }));
  const ofKinds = {
    classified: manifest.filter((picture) => picture.classIndices !== undefined).length,
    labelMaps: manifest.filter((picture) => picture.labelMapSha256 !== undefined).length,
  };
  const counts = {
    media: manifest.length,
    annotations: manifest.reduce((sum, picture) => sum + picture.annotations.length, 0),
    // Left out where there are none: a snapshot of boxes alone is the same as before there were other kinds.
    ...(ofKinds.classified > 0 && { classified: ofKinds.classified }),
    ...(ofKinds.labelMaps > 0 && { labelMaps: ofKinds.labelMaps }),
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
      counts: { ...counts, ...ofKinds },
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
  /** Of label maps of pictures without a split of their own, by the picture's SHA-256. */
  classesOfMaps: Map<string, number[]>;
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
          boxed: media.boxed,
          labelMapSha256: labelMaps.sha256,
        })
        .from(media)
        .leftJoin(labelMaps, eq(labelMaps.mediaId, media.id))
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
      const ofPictures = await tx
        .select({ mediaId: mediaClasses.mediaId, classIndex: mediaClasses.classIndex })
        .from(mediaClasses)
        .where(eq(mediaClasses.projectId, projectId))
        .orderBy(asc(mediaClasses.mediaId), asc(mediaClasses.classIndex));
      const ofMaps = await tx
        .select({ sha256: media.sha256, classIndex: labelMapClasses.classIndex })
        .from(labelMapClasses)
        .innerJoin(media, eq(media.id, labelMapClasses.mediaId))
        .where(and(eq(labelMapClasses.projectId, projectId), isNull(media.split)));
      const byMedia = groupBy(boxes, (box) => box.mediaId);
      const classesByMedia = groupBy(ofPictures, (row) => row.mediaId);
      const classesOfMaps = new Map(
        [...groupBy(ofMaps, (row) => row.sha256)].map(([sha256, of]) => [sha256, of.map((row) => row.classIndex)]),
      );
      return {
        classNames: names.map((row) => row.name),
        classesOfMaps,
        pictures: rows.map(({ id, boxed, labelMapSha256, ...picture }) => ({
          ...picture,
          annotations: (byMedia.get(id) ?? []).map(({ classIndex, box, isCrowd }) => ({
            classIndex,
            box,
            ...(isCrowd && { isCrowd }),
          })),
          ...(classesByMedia.has(id) && { classIndices: classesByMedia.get(id)!.map((row) => row.classIndex) }),
          ...(labelMapSha256 !== null && { labelMapSha256 }),
          ...(boxed === false && { boxed }),
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
  return rows.map(({ snapshot, project }) => ({
    ...snapshot,
    project,
    counts: {
      ...snapshot.counts,
      classified: snapshot.counts.classified ?? 0,
      labelMaps: snapshot.counts.labelMaps ?? 0,
    },
  }));
}

/**
 * A snapshot's pictures, by SHA-256.
 *
 * @param snapshot - the snapshot or its id
 * @throws FoveaError `unknown_snapshot`; StoreError `unknown_blob`
 */
export async function readManifest(home: Home, snapshot: Snapshot | string): Promise<ManifestPicture[]> {
  const { manifestSha256 } = typeof snapshot === 'string' ? await getSnapshot(home, snapshot) : snapshot;
  const path = await home.blobs.localPath(manifestSha256);
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity });
  const pictures: ManifestPicture[] = [];
  let isHeader = true;
  for await (const line of lines) {
    if (!isHeader) pictures.push(JSON.parse(line) as ManifestPicture);
    isHeader = false;
  }
  return pictures;
}
