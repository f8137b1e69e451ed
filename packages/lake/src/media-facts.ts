import type { Xyxy } from '@fovea/annotations';
import { facts, type Home, media, predictions, snapshots, sources } from '@fovea/store';
import { and, asc, desc, eq } from 'drizzle-orm';
import { getMedia } from './media.js';
import { projectIdOf } from './project.js';

/** Everything known of a picture besides its labels. */
export interface MediaFacts {
  /** What was read from its bytes; null where that has not been done yet, see `rebuildFacts`. */
  readonly facts: Omit<typeof facts.$inferSelect, 'exif'> | null;
  readonly exif: Readonly<Record<string, unknown>>;
  readonly predictions: readonly {
    readonly model: string;
    readonly className: string;
    readonly confidence: number;
    readonly box: Xyxy | null;
    readonly shape: Readonly<Record<string, unknown>> | null;
  }[];
  /** Where it came from. */
  readonly sources: readonly { readonly location: string; readonly seenAt: Date; readonly goneAt: Date | null }[];
  /** The project's latest snapshots made since it came; whether they hold it is in their manifests. */
  readonly snapshots: readonly { readonly id: string; readonly name: string }[];
}

/** What is known of one picture. @throws FoveaError `unknown_project`, `unknown_media` */
export async function getMediaFacts(home: Home, projectName: string, sha256: string): Promise<MediaFacts> {
  const projectId = await projectIdOf(home, projectName);
  const item = await getMedia(home, projectName, sha256);
  const [known, found, from, frozen] = await Promise.all([
    home.db.select().from(facts).where(eq(facts.sha256, sha256)),
    home.db
      .select({
        model: predictions.model,
        className: predictions.className,
        confidence: predictions.confidence,
        box: predictions.box,
        shape: predictions.shape,
      })
      .from(predictions)
      .innerJoin(media, eq(media.id, predictions.mediaId))
      .where(and(eq(media.projectId, projectId), eq(media.sha256, sha256)))
      .orderBy(asc(predictions.model), desc(predictions.confidence))
      .limit(1000),
    home.db
      .select({ location: sources.location, seenAt: sources.seenAt, goneAt: sources.goneAt })
      .from(sources)
      .where(and(eq(sources.projectId, projectId), eq(sources.sha256, sha256)))
      .limit(20),
    home.db
      .select({ id: snapshots.id, name: snapshots.name, createdAt: snapshots.createdAt })
      .from(snapshots)
      .where(eq(snapshots.projectId, projectId))
      .orderBy(desc(snapshots.createdAt))
      .limit(20),
  ]);
  const { exif = {}, ...rest } = known[0] ?? {};
  return {
    facts: known[0] ? (rest as Omit<typeof facts.$inferSelect, 'exif'>) : null,
    exif,
    predictions: found,
    sources: from,
    snapshots: frozen.filter(({ createdAt }) => createdAt >= item.createdAt).map(({ id, name }) => ({ id, name })),
  };
}
