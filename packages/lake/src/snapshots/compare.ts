import type { DuckDBConnection } from '@duckdb/node-api';
import { FoveaError } from '@fovea/annotations';
import type { Home } from '@fovea/store';
import { findById, type Snapshot } from '../snapshot.js';
import type { Split } from '../split.js';
import { differenceRelation } from './comparison-file.js';
import { describeDifference } from './describe.js';
import { manifestRelation } from './manifest-file.js';
import type { LabelChange } from './match.js';
import { quote, readNumbers, type Scratch, withScratch } from './scratch.js';

/** How much of a class a snapshot has. */
export interface ClassAmount {
  /** Objects marked. */
  readonly objects: number;
  /** Pictures with an object of it, or that are of it as a whole. */
  readonly pictures: number;
}

/** What became of a class from one snapshot to another. */
export interface ClassDifference {
  readonly name: string;
  /** Null where the snapshot does not know the class. */
  readonly before: ClassAmount | null;
  readonly after: ClassAmount | null;
  /** Objects, over all pictures of either. */
  readonly added: number;
  readonly removed: number;
  readonly moved: number;
  /** Objects that are of this class now and were of another. */
  readonly reclassed: number;
}

/** What differs between two snapshots; all counts but those of objects are of pictures. */
export interface SnapshotComparison {
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly pictures: {
    readonly added: number;
    readonly removed: number;
    /** In both, with the same labels and the same split. */
    readonly same: number;
    /** In both, with other labels. */
    readonly labels: number;
    /** In both, on another side. */
    readonly split: number;
  };
  /** Pictures in both whose label map is another. */
  readonly labelMaps: number;
  readonly objects: {
    readonly added: number;
    readonly removed: number;
    /** Of the same class, elsewhere or of another shape. */
    readonly moved: number;
    readonly reclassed: number;
  };
  /** From which side to which how many pictures went. */
  readonly moves: readonly { readonly from: Split; readonly to: Split; readonly count: number }[];
  /** Of both, in the order of the later. */
  readonly classes: readonly ClassDifference[];
  /** A few sentences. */
  readonly sentences: readonly string[];
}

/** Which pictures of a comparison are listed. */
export const DIFFERENCE_KINDS = ['added', 'removed', 'labels', 'split', 'same'] as const;
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

/** A picture in which two snapshots differ, or do not. */
export interface PictureDifference {
  readonly sha256: string;
  readonly name: string;
  /** Null where it is not in the snapshot. */
  readonly splitBefore: Split | null;
  readonly splitAfter: Split | null;
  /** What became of its objects and classes. */
  readonly objects: readonly LabelChange[];
}

/**
 * What differs between two snapshots, in numbers and words. Objects are matched as `compareLabels` says. It takes the same
 * memory however large they are, and is kept: asked again it costs a look.
 *
 * @throws FoveaError `unknown_snapshot`, `damaged_manifest`
 */
export async function compareSnapshots(home: Home, beforeId: string, afterId: string): Promise<SnapshotComparison> {
  const [before, after] = [await findById(home, beforeId), await findById(home, afterId)];
  return withScratch(home, async (scratch) => {
    const { duck } = scratch;
    const difference = await differenceRelation(home, scratch, before, after);
    const [added, removed, labels, split, labelMaps, changed] = (await readNumbers(
      duck,
      `select count(*) filter (change = 'added'), count(*) filter (change = 'removed'), count(*) filter (labels_changed),
         count(*) filter (change = 'changed' and split_a <> split_b), count(*) filter (label_map_changed),
         count(*) filter (change = 'changed') from ${difference}`,
    )) as [number, number, number, number, number, number];
    const moves = (
      await duck.runAndReadAll(
        `select split_a, split_b, count(*) from ${difference} where change = 'changed' and split_a <> split_b
         group by all order by all`,
      )
    )
      .getRows()
      .map(([from, to, count]) => ({ from: from as Split, to: to as Split, count: Number(count) }));
    const classes = await compareClasses(home, scratch, difference, before, after);
    const sum = (of: 'added' | 'removed' | 'moved' | 'reclassed') =>
      classes.reduce((total, each) => total + each[of], 0);
    const result = {
      before,
      after,
      pictures: { added, removed, same: before.counts.media - removed - changed, labels, split },
      labelMaps,
      objects: { added: sum('added'), removed: sum('removed'), moved: sum('moved'), reclassed: sum('reclassed') },
      moves,
      classes,
    };
    return { ...result, sentences: describeDifference(result) };
  });
}

async function compareClasses(
  home: Home,
  { duck }: Scratch,
  difference: string,
  before: Snapshot,
  after: Snapshot,
): Promise<ClassDifference[]> {
  const changes = new Map<string, Record<string, number>>();
  const rows = await duck.runAndReadAll(
    `select o.class, o.kind, sum(o.n)::bigint from (select unnest(objects) as o from ${difference}) group by all`,
  );
  for (const [name, kind, count] of rows.getRows()) {
    const of = changes.get(String(name)) ?? {};
    of[String(kind)] = Number(count);
    changes.set(String(name), of);
  }
  const [amountsBefore, amountsAfter] = [await amountsOf(home, duck, before), await amountsOf(home, duck, after)];
  const names = [...new Set([...after.classNames, ...before.classNames])];
  return names.map((name) => {
    const of = changes.get(name) ?? {};
    return {
      name,
      before: amountsBefore.get(name) ?? null,
      after: amountsAfter.get(name) ?? null,
      added: of.added ?? 0,
      removed: of.removed ?? 0,
      moved: of.moved ?? 0,
      reclassed: of.reclassed ?? 0,
    };
  });
}

async function amountsOf(home: Home, duck: DuckDBConnection, snapshot: Snapshot): Promise<Map<string, ClassAmount>> {
  const relation = await manifestRelation(home, snapshot.manifestSha256);
  const count = async (list: string): Promise<Map<number, number>> => {
    const rows = await duck.runAndReadAll(
      `select c, count(*) from (select unnest(${list}) as c from ${relation}) group by c`,
    );
    return new Map(rows.getRows().map(([index, number]) => [Number(index), Number(number)]));
  };
  const ofObjects = 'list_transform(annotations, lambda x: x.class_index)';
  const objects = await count(ofObjects);
  const pictures = await count(`list_distinct(list_concat(${ofObjects}, coalesce(class_indices, [])))`);
  return new Map(
    snapshot.classNames.map((name, index) => [
      name,
      { objects: objects.get(index) ?? 0, pictures: pictures.get(index) ?? 0 },
    ]),
  );
}

const MAX_PAGE = 1000;

/**
 * A page of the pictures behind a number of {@link compareSnapshots}, by SHA-256.
 *
 * @param options.className - only pictures with an object of this class that changed
 * @throws FoveaError `unknown_snapshot`, `damaged_manifest`, `bad_difference`
 */
export async function listDifference(
  home: Home,
  beforeId: string,
  afterId: string,
  options: {
    readonly kind: DifferenceKind;
    readonly className?: string;
    readonly offset?: number;
    readonly limit?: number;
  },
): Promise<{ readonly total: number; readonly pictures: readonly PictureDifference[] }> {
  const { kind, className, offset = 0, limit = 100 } = options;
  const isWhole = (value: number) => Number.isInteger(value) && value >= 0;
  if (!DIFFERENCE_KINDS.includes(kind) || !isWhole(offset) || !isWhole(limit) || limit > MAX_PAGE) {
    throw new FoveaError(
      'bad_difference',
      `A page of a difference has a kind (${DIFFERENCE_KINDS.join(', ')}), an offset from 0 and a limit up to ${MAX_PAGE}.`,
      { kind, offset, limit },
    );
  }
  const [before, after] = [await findById(home, beforeId), await findById(home, afterId)];
  return withScratch(home, async (scratch) => {
    const { duck } = scratch;
    const difference = await differenceRelation(home, scratch, before, after);
    const ofClass =
      className === undefined
        ? ''
        : `and list_contains(list_transform(objects, lambda x: x.class), ${quote(className)})`;
    const where = {
      added: `change = 'added'`,
      removed: `change = 'removed'`,
      labels: 'labels_changed',
      split: `change = 'changed' and split_a <> split_b`,
      same: '',
    }[kind];
    const relation =
      kind === 'same'
        ? `(select a.sha256, a.name, a.split as split_a, a.split as split_b, null as objects
            from ${await manifestRelation(home, after.manifestSha256)} a
            semi join ${await manifestRelation(home, before.manifestSha256)} b using (sha256)
            anti join ${difference} d using (sha256))`
        : `(select * from ${difference} where ${where} ${ofClass})`;
    const [total] = await readNumbers(duck, `select count(*) from ${relation}`);
    const rows = await duck.runAndReadAll(
      `select sha256, name, split_a, split_b, to_json(objects)::varchar from ${relation} order by sha256
       limit ${limit} offset ${offset}`,
    );
    const pictures = rows.getRows().map(([sha256, name, splitBefore, splitAfter, objects]) => ({
      sha256: String(sha256),
      name: String(name),
      splitBefore: splitBefore as Split | null,
      splitAfter: splitAfter as Split | null,
      objects: (JSON.parse(String(objects ?? 'null')) ?? []) as LabelChange[],
    }));
    return { total: total!, pictures };
  });
}
