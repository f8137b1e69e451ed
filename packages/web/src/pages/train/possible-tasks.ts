import type { Project, Task } from '@fovea/api';

/** The tasks a project's labels can teach, that of which it has most labels first. */
export function possibleTasks({ counts, classes }: Pick<Project, 'counts' | 'classes'>): Task[] {
  // To tell classes apart takes two of them.
  const tells = classes.filter(({ pictures }) => pictures > 0).length >= 2;
  const pictures = tells ? counts.classified : 0;
  const tasks: [Task, number][] = [
    ['detection', counts.annotations],
    ['classification', pictures],
    ['segmentation', counts.labelMaps],
    ['embedding', pictures],
  ];
  return tasks
    .filter(([, labels]) => labels > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([task]) => task);
}
