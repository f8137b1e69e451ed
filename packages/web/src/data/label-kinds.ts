import type { Project, Snapshot } from '@fovea/api';

/** The kinds of labels there are, each with how many a project or a snapshot holds. */
export type LabelKind = 'boxes' | 'classified' | 'labelMaps';

/** How many labels of each kind; those that are none are left out, unless all are: then there are no boxes. */
export function labelCounts({
  annotations,
  classified,
  labelMaps,
}: Pick<Project['counts'] | Snapshot['counts'], 'annotations' | 'classified' | 'labelMaps'>): [LabelKind, number][] {
  const all: [LabelKind, number][] = [
    ['boxes', annotations],
    ['classified', classified],
    ['labelMaps', labelMaps],
  ];
  const some = all.filter(([, count]) => count > 0);
  return some.length > 0 ? some : [['boxes', 0]];
}
