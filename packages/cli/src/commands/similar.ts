import { readFile } from 'node:fs/promises';
import { FoveaError } from '@fovea/annotations';
import { findNearDuplicates, findSimilar } from '@fovea/curation';
import { openVectorIndexes } from '@fovea/lake';
import { done, type Outcome } from '../outcome.js';
import { type CommonOptions, remoteOf, type Session, withHome } from '../session.js';
import { table } from '../terminal.js';

/** Options of `fovea similar`. */
export interface SimilarCommandOptions extends CommonOptions {
  readonly project: string;
  readonly model: string;
  readonly count?: number;
}

/** `fovea similar <picture>`: the pictures of a project that look like one. */
export async function similarCommand(path: string, options: SimilarCommandOptions, session: Session): Promise<Outcome> {
  const { project, model, count = 20 } = options;
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === 'ENOENT' ? 'there is no such file' : `it cannot be opened (${cause.code})`;
    throw new FoveaError('missing_path', `Cannot read "${path}": ${reason}.`, { path }, { cause });
  });
  const client = remoteOf(options);
  const items = client
    ? (await client.findSimilarTo(project, new Blob([bytes]), { model, count }, session)).items
    : await withHome(options, session, async (home) => {
        const vectors = openVectorIndexes(home);
        try {
          return await findSimilar(home, vectors, project, { bytes }, { model, count, signal: session.signal });
        } finally {
          await vectors.close();
        }
      });
  const rows = items.map(({ name, similarity, sha256 }) => [similarity.toFixed(3), name, sha256.slice(0, 12)]);
  const json = items.map(({ sha256, name, similarity }) => ({ sha256, name, similarity }));
  return done({ project, model, items: json }, [table(['cosine', 'picture', 'sha256'], rows)]);
}

/** Options of `fovea duplicates`. */
export interface DuplicatesCommandOptions extends CommonOptions {
  readonly project: string;
  readonly distance?: number;
}

/** `fovea duplicates`: groups of pictures that are nearly the same. */
export async function duplicatesCommand(options: DuplicatesCommandOptions, session: Session): Promise<Outcome> {
  const { project, distance } = options;
  const client = remoteOf(options);
  const groups = client
    ? (await client.findNearDuplicates(project, { distance, limit: 1000 }, session)).groups
    : await withHome(options, session, async (home) => {
        const found = await findNearDuplicates(home, project, {
          by: 'hash',
          ...(distance !== undefined && { distance }),
        });
        return found.map(({ media }) => media.map(({ sha256, name }) => ({ sha256, name })));
      });
  const pictures = groups.reduce((sum, group) => sum + group.length, 0);
  return done({ project, groups }, [
    `${groups.length} groups of near duplicates in ${project}, ${pictures} pictures in all.`,
    ...groups.slice(0, 20).map(
      (group) =>
        `  ${group
          .slice(0, 6)
          .map(({ name }) => name)
          .join(', ')}${group.length > 6 ? `, … (${group.length})` : ''}`,
    ),
  ]);
}
