import type * as api from '@fovea/api';
import type { MediaItem, Project } from '@fovea/lake';

/** A project as the API shows it. */
export function presentProject(project: Project): api.Project {
  return {
    name: project.name,
    description: project.description,
    createdAt: project.createdAt.toISOString(),
    counts: project.counts,
    classes: project.classes.map(({ index, name, color, count, pictures, labelMaps }) => ({
      index,
      name,
      color,
      count,
      pictures,
      labelMaps,
    })),
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
    boxed: item.boxed,
    annotations: item.annotations.map(({ box, ...annotation }) => ({ ...annotation, box: [...box] })) as never,
    classes: item.classes.map(({ className, classIndex }) => ({ className, classIndex })),
    split: item.split,
    video: item.video,
    tags: [...item.tags],
    reviewed: item.reviewed,
    removedAt: item.removedAt?.toISOString() ?? null,
    labelMap: item.labelMap && {
      sha256: item.labelMap.sha256,
      classes: item.labelMap.classes.map(({ className, classIndex, pixels }) => ({ className, classIndex, pixels })),
    },
  };
}
