import { FoveaError } from '@fovea/annotations';
import type { SnapshotComparison } from '@fovea/api';
import {
  compareSnapshots,
  createSnapshot,
  deleteSnapshot,
  findSnapshot,
  getSnapshot,
  listSnapshots,
  type MediaFilter,
  type Snapshot,
} from '@fovea/lake';
import { done, type Outcome } from '../outcome.js';
import { type CommonOptions, remoteOf, type Session, withHome } from '../session.js';
import { table } from '../terminal.js';

/** Options of every `fovea snapshot …`. */
export interface SnapshotCommandOptions extends CommonOptions {
  readonly project: string;
}

/** Options of `fovea snapshot create`. */
export interface CreateOptions extends SnapshotCommandOptions {
  readonly name?: string;
  readonly description?: string;
  readonly sql?: string;
  readonly class?: readonly string[];
  readonly tag?: readonly string[];
  readonly withoutTag?: readonly string[];
  readonly search?: string;
  readonly reviewed?: boolean;
  readonly val?: number;
  readonly test?: number;
  readonly seed?: number;
  readonly newSplits?: boolean;
  readonly includeUnlabelled?: boolean;
}

type Shown = Pick<
  Snapshot,
  'id' | 'name' | 'description' | 'classNames' | 'valFraction' | 'seed' | 'counts' | 'query'
> & {
  readonly createdAt: string;
};

function show({ id, name, description, classNames, valFraction, seed, counts, query, createdAt }: Snapshot): Shown {
  return { id, name, description, createdAt: createdAt.toISOString(), classNames, valFraction, seed, counts, query };
}

/** `fovea snapshot create`: freezes a project, or the pictures of a filter or a query. */
export async function createCommand(options: CreateOptions, session: Session): Promise<Outcome> {
  const { project, name, description, sql, seed, val: valFraction, test: testFraction } = options;
  const chosen = {
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(sql !== undefined && { sql }),
    ...(seed !== undefined && { seed }),
    ...(valFraction !== undefined && { valFraction }),
    ...(testFraction !== undefined && { testFraction }),
    ...(options.newSplits && { splits: 'new' as const }),
    ...(options.includeUnlabelled && { includeUnlabelled: true }),
  };
  const { class: classNames, tag: tags, withoutTag: withoutTags, search, reviewed } = options;
  const isFiltered = [classNames, tags, withoutTags, search, reviewed].some((each) => each !== undefined);
  if (isFiltered && sql !== undefined) {
    throw new FoveaError('bad_option', 'Pictures are chosen by --sql or by other options, not by both.');
  }
  const filter: MediaFilter = {
    ...(classNames && { classNames }),
    ...(tags && { tags }),
    ...(withoutTags && { withoutTags }),
    ...(search !== undefined && { search }),
    ...(reviewed && { reviewed }),
  };
  const query = {
    ...(classNames && { class: [...classNames] }),
    ...(tags && { tag: [...tags] }),
    ...(withoutTags && { withoutTag: [...withoutTags] }),
    ...(search !== undefined && { search }),
    ...(reviewed && { reviewed: 'true' as const }),
  };
  const client = remoteOf(options);
  const { signal } = session;
  const snapshot = client
    ? await client.createSnapshot(project, { ...chosen, ...(isFiltered && { filter: query }) }, { signal })
    : await withHome(options, session, async (home) => {
        const onProgress = (count: number) =>
          session.terminal.progress({ done: count, total: 0, text: `${count} pictures read` });
        const made = await createSnapshot(home, project, {
          ...chosen,
          ...(isFiltered && { filter }),
          signal,
          onProgress,
        });
        return { ...show(made), isNew: made.isNew };
      });
  session.terminal.endProgress();
  const { counts } = snapshot;
  const left = counts.unlabelled ? `; ${counts.unlabelled} that nobody labelled were left out` : '';
  const kept = counts.groups
    ? [`${counts.groups} groups of near duplicates or frames of a video stay on one side.`]
    : [];
  const torn = counts.torn
    ? [
        'All of them are near duplicates or frames of one video: they were parted all the same, so figures on val flatter.',
      ]
    : [];
  return done({ project, snapshot }, [
    snapshot.isNew
      ? `Made ${snapshot.name} (${snapshot.id}).`
      : `Nothing is new: this is ${snapshot.name} (${snapshot.id}) of ${snapshot.createdAt.slice(0, 10)}.`,
    `${sayCounts(counts)}${left}.`,
    ...kept,
    ...torn,
  ]);
}

function sayCounts({
  media,
  annotations,
  train,
  val,
  test = 0,
}: {
  media: number;
  annotations: number;
  train: number;
  val: number;
  test?: number;
}): string {
  return `${media} pictures (train ${train}, val ${val}, test ${test}) with ${annotations} boxes`;
}

/** `fovea snapshot list`. */
export async function listCommand(options: SnapshotCommandOptions, session: Session): Promise<Outcome> {
  const { project } = options;
  const client = remoteOf(options);
  const snapshots = client
    ? await client.listSnapshots(project, { signal: session.signal })
    : await withHome(options, session, async (home) => (await listSnapshots(home, project)).map(show));
  if (snapshots.length === 0)
    return done({ project, snapshots: [] }, ['There are no snapshots yet: fovea snapshot create makes one.']);
  const rows = snapshots.map(({ id, name, createdAt, counts }) => [
    name,
    id,
    createdAt.slice(0, 16).replace('T', ' '),
    counts.media,
    counts.annotations,
    counts.train,
    counts.val,
    counts.test ?? 0,
  ]);
  return done({ project, snapshots }, [
    table(['name', 'id', 'made (UTC)', 'pictures', 'boxes', 'train', 'val', 'test'], rows),
  ]);
}

/** `fovea snapshot show <snapshot>`: with the runs that used it. */
export async function showCommand(
  snapshot: string,
  options: SnapshotCommandOptions,
  session: Session,
): Promise<Outcome> {
  const { project } = options;
  const client = remoteOf(options);
  const found = client
    ? await client.getSnapshot(project, snapshot, { signal: session.signal })
    : await withHome(options, session, async (home) => {
        const { runs, ...of } = await getSnapshot(home, (await findSnapshot(home, project, snapshot)).id);
        return { ...show(of), runs: runs.map((run) => ({ ...run, createdAt: run.createdAt.toISOString() })) };
      });
  const rows = found.runs.map((run) => [
    run.id,
    run.name,
    run.task,
    run.state,
    run.model ? `${run.model.name}@${run.model.version}` : '–',
  ]);
  return done({ project, snapshot: found }, [
    `${found.name} (${found.id}), made ${found.createdAt.slice(0, 16).replace('T', ' ')} UTC`,
    ...(found.description === '' ? [] : [found.description]),
    `${sayCounts(found.counts)}; classes: ${found.classNames.join(', ') || 'none'}`,
    ...(found.query ? [`Asked for: ${JSON.stringify(found.query)}`] : []),
    rows.length === 0 ? 'No run has used it.' : table(['run', 'name', 'task', 'state', 'model'], rows),
  ]);
}

/** `fovea snapshot diff <before> <after>`: what differs, in words and numbers. */
export async function diffCommand(
  before: string,
  after: string,
  options: SnapshotCommandOptions,
  session: Session,
): Promise<Outcome> {
  const { project } = options;
  const client = remoteOf(options);
  const compared = client
    ? await client.compareSnapshots(project, before, after, { signal: session.signal })
    : await withHome(options, session, async (home) => {
        const [a, b] = [await findSnapshot(home, project, before), await findSnapshot(home, project, after)];
        const found = await compareSnapshots(home, a.id, b.id);
        return { ...found, before: show(found.before), after: show(found.after) };
      });
  const amount = (of: SnapshotComparison['classes'][number]['before']) => (of === null ? '–' : of.objects);
  const rows = compared.classes.map((each) => [
    each.name,
    amount(each.before),
    amount(each.after),
    each.added,
    each.removed,
    each.moved,
    each.reclassed,
  ]);
  const head = ['class', compared.before.name, compared.after.name, 'added', 'removed', 'moved', 'reclassed'];
  return done({ project, ...compared }, [...compared.sentences, ...(rows.length > 0 ? [table(head, rows)] : [])]);
}

/** `fovea snapshot delete <snapshot>`: one that no run used. */
export async function deleteCommand(
  snapshot: string,
  options: SnapshotCommandOptions,
  session: Session,
): Promise<Outcome> {
  const { project } = options;
  const client = remoteOf(options);
  const { id, name } = client
    ? await client.deleteSnapshot(project, snapshot, { signal: session.signal })
    : await withHome(options, session, async (home) =>
        deleteSnapshot(home, (await findSnapshot(home, project, snapshot)).id),
      );
  return done({ project, deleted: { id, name } }, [
    `Deleted ${name} (${id}). What only it named goes with the next fovea lake gc.`,
  ]);
}
