import type { Home } from '@fovea/store';
import { picturePoolOf } from './ingest/picture-pool.js';
import { writeFacts } from './ingest/write-facts.js';
import { withMirror } from './mirror/mirrors.js';
import { listProjects, projectIdOf } from './project.js';

/** Options of {@link rebuildLake}. */
export interface RebuildOptions {
  /** Only of this project. */
  readonly project?: string;
  /** Reads all pictures again, and not only those of which facts are missing. */
  readonly facts?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number; readonly text: string }) => void;
}

/** What was made anew. */
export interface RebuildReport {
  /** Projects whose mirror was made anew. */
  readonly mirrors: number;
  /** Pictures whose facts and thumbnails were read from their bytes. */
  readonly facts: number;
  /** Pictures whose bytes could not be read. */
  readonly failed: number;
  readonly problems: readonly { readonly file: string; readonly code: string; readonly reason: string }[];
}

const PAGE = 256;
const MAX_PROBLEMS = 1000;

/**
 * Makes anew what is derived: the mirrors that answer questions, and facts of pictures where they are missing, as of
 * pictures that an earlier Fovea took in. It equals what was there.
 *
 * @throws FoveaError `unknown_project`; the signal's reason
 */
export async function rebuildLake(home: Home, options: RebuildOptions = {}): Promise<RebuildReport> {
  const { project, signal, onProgress } = options;
  const names = project === undefined ? (await listProjects(home)).map(({ name }) => name) : [project];
  const ids = [];
  for (const name of names) ids.push(await projectIdOf(home, name));
  const report = await rebuildFacts(home, ids, options);
  for (const [at, projectId] of ids.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ done: at, total: ids.length, text: 'mirrors made' });
    await withMirror(home, projectId, (mirror) => mirror.rebuild());
  }
  return { mirrors: ids.length, ...report };
}

/** Whether there are pictures of which no facts are known: those that an earlier Fovea took in. */
export async function hasMissingFacts(home: Home): Promise<boolean> {
  const { rowCount } = await home.pool.query(
    `select 1 from fovea.media m where m.removed_at is null and m.video_id is null
       and not exists (select 1 from fovea.facts f where f.sha256 = m.sha256) limit 1`,
  );
  return rowCount === 1;
}

/** Reads the facts of pictures that have none, in all projects. @throws the signal's reason */
export async function readMissingFacts(
  home: Home,
  options: Pick<RebuildOptions, 'signal' | 'onProgress'> = {},
): Promise<Omit<RebuildReport, 'mirrors'>> {
  const ids = (await listProjects(home)).map(({ id }) => id);
  return rebuildFacts(home, ids, options);
}

/** Facts of pictures with bytes of their own; frames have theirs from when their video was sampled. */
async function rebuildFacts(
  home: Home,
  projectIds: readonly number[],
  { facts: all = false, signal, onProgress }: RebuildOptions,
): Promise<Omit<RebuildReport, 'mirrors'>> {
  const problems: { file: string; code: string; reason: string }[] = [];
  let [done, failed] = [0, 0];
  const missing = all ? '' : 'and not exists (select 1 from fovea.facts f where f.sha256 = m.sha256)';
  const where = `m.project_id = any($1) and m.removed_at is null and (m.video_id is null or m.size_bytes > 0) ${missing}`;
  const counted = await home.pool.query<{ total: number }>(
    `select count(distinct m.sha256)::integer as total from fovea.media m where ${where}`,
    [projectIds],
  );
  const total = counted.rows[0]!.total;
  const pool = picturePoolOf(home);
  for (let after = ''; ; ) {
    signal?.throwIfAborted();
    const { rows } = await home.pool.query<{ sha256: string; name: string }>(
      `select m.sha256, min(m.name) as name from fovea.media m where ${where} and m.sha256 > $2
       group by 1 order by 1 limit ${PAGE}`,
      [projectIds, after],
    );
    if (rows.length === 0) return { facts: done, failed, problems };
    after = rows.at(-1)!.sha256;
    const read = await Promise.all(
      rows.map(async ({ sha256, name }) => {
        try {
          return await pool.stow(await home.blobs.localPath(sha256));
        } catch (error) {
          const { code, message } = error as { code?: string; message: string };
          if (!['unreadable_image', 'unknown_blob', 'damaged_blob'].includes(code ?? '')) throw error;
          failed++;
          if (problems.length < MAX_PROBLEMS) problems.push({ file: name, code: code!, reason: message });
          return undefined;
        }
      }),
    );
    const found = read.flatMap((each) => each ?? []);
    await home.persist(() => home.transaction((client) => writeFacts(client, found, all)));
    done += found.length;
    onProgress?.({ done: done + failed, total, text: 'pictures read' });
  }
}
