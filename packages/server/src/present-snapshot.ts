import type * as api from '@fovea/api';
import type { ManifestPicture, Snapshot, SnapshotComparison } from '@fovea/lake';

/** A snapshot's header as the API shows it. */
export function presentSnapshot(snapshot: Snapshot): api.Snapshot {
  return {
    id: snapshot.id,
    name: snapshot.name,
    description: snapshot.description,
    createdAt: snapshot.createdAt.toISOString(),
    classNames: [...snapshot.classNames],
    valFraction: snapshot.valFraction,
    seed: snapshot.seed,
    counts: snapshot.counts,
    query: snapshot.query && { ...snapshot.query },
  };
}

/** A picture of a snapshot as the API shows it. */
export function presentPicture(picture: ManifestPicture): api.SnapshotPictures['pictures'][number] {
  const { annotations, classIndices, ...rest } = picture;
  return {
    ...rest,
    annotations: annotations.map((annotation) => ({ ...annotation, box: [...annotation.box] })),
    ...(classIndices && { classIndices: [...classIndices] }),
  };
}

/** A comparison as the API shows it. */
export function presentComparison(comparison: SnapshotComparison): api.SnapshotComparison {
  const { before, after, moves, classes, sentences, ...counts } = comparison;
  return {
    ...counts,
    before: presentSnapshot(before),
    after: presentSnapshot(after),
    moves: [...moves],
    classes: [...classes],
    sentences: [...sentences],
  };
}
