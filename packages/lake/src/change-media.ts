import { FoveaError } from '@fovea/annotations';
import type { Home, StoredAction } from '@fovea/store';
import { projectIdOf } from './project.js';
import type { MediaFilter } from './query/filter.js';
import { selectMedia } from './query/selection.js';

/** What can be done to many pictures at once. `remove` takes them out of the project until undone or collected. */
export type MediaAction = StoredAction;

/** What an action did. */
export interface ActionReport {
  /** To undo it by; null where nothing was changed. */
  readonly actionId: number | null;
  /** Pictures that are other than before. */
  readonly changed: number;
}

/** For each kind: what it changes among `$2`, a list of ids, giving their ids and what they had. */
const changes: Readonly<Record<MediaAction['kind'], string>> = {
  tag: `insert into fovea.media_tags (media_id, project_id, tag)
    select id, project_id, $3 from fovea.media where project_id = $1 and id = any($2)
    on conflict do nothing returning media_id as id, null as before`,
  untag: `delete from fovea.media_tags where project_id = $1 and media_id = any($2) and tag = $3
    returning media_id as id, null as before`,
  review: `update fovea.media set reviewed_at = now()
    where project_id = $1 and id = any($2) and reviewed_at is null returning id, null as before`,
  unreview: `update fovea.media m set reviewed_at = null from fovea.media o
    where o.id = m.id and m.project_id = $1 and m.id = any($2) and m.reviewed_at is not null
    returning m.id, o.reviewed_at::text as before`,
  remove: `update fovea.media set removed_at = now()
    where project_id = $1 and id = any($2) and removed_at is null returning id, null as before`,
  split: `update fovea.media m set split = $3 from fovea.media o
    where o.id = m.id and m.project_id = $1 and m.id = any($2) and m.split is distinct from $3
    returning m.id, o.split as before`,
};

/** For each kind: what takes it back, `$2` the ids it changed and `$3` what they had. */
const undoings: Readonly<Record<MediaAction['kind'], string>> = {
  tag: `delete from fovea.media_tags g using unnest($2::bigint[], $3::text[]) as t (id, before)
    where g.media_id = t.id and g.project_id = $1 and g.tag = $4`,
  untag: `insert into fovea.media_tags (media_id, project_id, tag)
    select m.id, m.project_id, $4 from unnest($2::bigint[], $3::text[]) as t (id, before) join fovea.media m on m.id = t.id
    where m.project_id = $1 on conflict do nothing`,
  review: `update fovea.media m set reviewed_at = null from unnest($2::bigint[], $3::text[]) as t (id, before)
    where m.id = t.id and m.project_id = $1 and $4::text is null`,
  unreview: `update fovea.media m set reviewed_at = t.before::timestamptz from unnest($2::bigint[], $3::text[]) as t (id, before)
    where m.id = t.id and m.project_id = $1 and m.reviewed_at is null and $4::text is null`,
  remove: `update fovea.media m set removed_at = null from unnest($2::bigint[], $3::text[]) as t (id, before)
    where m.id = t.id and m.project_id = $1 and $4::text is null`,
  split: `update fovea.media m set split = t.before from unnest($2::bigint[], $3::text[]) as t (id, before)
    where m.id = t.id and m.project_id = $1 and m.split is not distinct from $4`,
};

const MAX_TAG = 100;

/**
 * Does something to all pictures a filter chooses, in one transaction. It can be undone, see {@link undoAction}.
 *
 * @throws FoveaError `unknown_project`, `bad_filter`, `bad_tag`, `bad_split`
 */
export async function changeMedia(
  home: Home,
  projectName: string,
  filter: MediaFilter,
  wanted: MediaAction,
): Promise<ActionReport> {
  const projectId = await projectIdOf(home, projectName);
  const action = checkAction(wanted);
  const { ids } = await selectMedia(home, projectId, filter);
  return home.transaction(async (client) => {
    const own = argumentOf(action);
    const { rows } = await client.query<{ id: string; before: string | null }>(changes[action.kind], [
      projectId,
      [...ids],
      ...(own === undefined ? [] : [own]),
    ]);
    if (rows.length === 0) return { actionId: null, changed: 0 };
    const stored = await client.query<{ id: string }>(
      `insert into fovea.media_actions (project_id, action, media_ids, before) values ($1, $2, $3, $4) returning id`,
      [projectId, JSON.stringify(action), rows.map((row) => row.id), rows.map((row) => row.before)],
    );
    return { actionId: Number(stored.rows[0]!.id), changed: rows.length };
  });
}

/**
 * Takes back what an action did, where nothing else changed the same since; once. Says how many pictures it changed.
 *
 * @throws FoveaError `unknown_project`, `unknown_action`
 */
export async function undoAction(home: Home, projectName: string, actionId: number): Promise<number> {
  const projectId = await projectIdOf(home, projectName);
  return home.transaction(async (client) => {
    const { rows } = await client.query<{ action: MediaAction; media_ids: string[]; before: (string | null)[] }>(
      `update fovea.media_actions set undone_at = now() where id = $1 and project_id = $2 and undone_at is null
       returning action, media_ids, before`,
      [actionId, projectId],
    );
    const [row] = rows;
    if (row === undefined) {
      throw new FoveaError('unknown_action', `There is no action ${actionId} in "${projectName}" that can be undone.`, {
        action: actionId,
      });
    }
    const own = argumentOf(row.action) ?? null;
    const done = await client.query(undoings[row.action.kind], [projectId, row.media_ids, row.before, own]);
    return done.rowCount ?? 0;
  });
}

function argumentOf(action: MediaAction): string | null | undefined {
  if (action.kind === 'tag' || action.kind === 'untag') return action.tag;
  return action.kind === 'split' ? action.split : undefined;
}

function checkAction(action: MediaAction): MediaAction {
  if (action.kind === 'tag' || action.kind === 'untag') {
    const tag = action.tag.replaceAll('\0', '').trim();
    if (tag.length === 0 || tag.length > MAX_TAG) {
      throw new FoveaError('bad_tag', `A tag has 1 to ${MAX_TAG} characters, not ${tag.length}.`, { tag });
    }
    return { kind: action.kind, tag };
  }
  if (action.kind === 'split' && action.split !== null && !['train', 'val', 'test'].includes(action.split)) {
    throw new FoveaError('bad_split', `A split is train, val, test or none, not "${action.split}".`, {
      split: action.split,
    });
  }
  return action;
}
