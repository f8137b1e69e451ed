import type * as api from '@fovea/api';
import type { MediaItem, Project, Snapshot } from '@fovea/lake';

/** A project as the API shows it. */
export function presentProject(project: Project): api.Project {
  return {
    name: project.name,
    description: project.description,
    createdAt: project.createdAt.toISOString(),
    counts: project.counts,
    classes: project.classes.map(({ index, name, color, count }) => ({ index, name, color, count })),
    cover: [...project.cover],
  };
}

/** A picture as the API shows it. */
export function presentMedia(item: MediaItem): api.MediaItem {
  return {
    sha256: item.sha256,
    name: item.name,
    width: item.width,
    height: item.height,
    format: item.format,
    sizeBytes: item.sizeBytes,
    createdAt: item.createdAt.toISOString(),
    labelled: item.labelled,
    annotations: item.annotations.map(({ className, classIndex, box, isCrowd }) => ({
      className,
      classIndex,
      box: [...box],
      ...(isCrowd && { isCrowd }),
    })),
  };
}

/** A snapshot's header as the API shows it. */
export function presentSnapshot(snapshot: Snapshot): api.Snapshot {
  return {
    id: snapshot.id,
    name: snapshot.name,
    createdAt: snapshot.createdAt.toISOString(),
    classNames: [...snapshot.classNames],
    counts: snapshot.counts,
  };
}
