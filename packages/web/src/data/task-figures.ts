import type { MetricPoint, Run, Task } from '@fovea/api';

/** Which figures tell how good a model of a task is: the one that matters first, all of them better when higher. */
const figures: Readonly<Record<Task, readonly string[]>> = {
  detection: ['AP50', 'AP75', 'AP'],
  classification: ['accuracy', 'F1'],
  segmentation: ['mIoU', 'pixelAccuracy', 'meanDice'],
  embedding: ['rank1', 'mAP', 'TAR@FAR=0.01'],
};

/** Whether a task is one this app knows; a card may name another. */
export function isTask(task: string): task is Task {
  return Object.hasOwn(figures, task);
}

/** The figures of a task, the main one first; none for a task this app does not know. */
export function figuresOf(task: string): readonly string[] {
  return isTask(task) ? figures[task] : [];
}

/** The two figures that stand in a table of models or runs; of detectors the strict one beside the main one. */
export function tableFigures(task: string): readonly string[] {
  return task === 'detection' ? ['AP50', 'AP'] : figuresOf(task).slice(0, 2);
}

/**
 * The figures of a run in the order they are shown: those of its task that were measured, else, of a task this app does
 * not know, the first three that were.
 */
export function measuredFigures(task: string, points: readonly MetricPoint[]): readonly string[] {
  const measured = new Set(points.flatMap(({ name }) => (name.startsWith('val/') ? [name.slice(4)] : [])));
  const known = figuresOf(task);
  if (known.length > 0) return measured.size === 0 ? known : known.filter((name) => measured.has(name));
  return [...measured].slice(0, 3);
}

/** The one figure that matters of a run, with its name; of an unknown task the first that was measured. */
export function mainFigure(run: Pick<Run, 'task' | 'metrics' | 'progress'>): { name: string; value: number | null } {
  const name = figuresOf(run.task)[0] ?? run.progress?.metric?.name ?? firstMeasured(run.metrics) ?? '';
  const said = run.progress?.metric;
  return { name, value: run.metrics[`val/${name}`] ?? (said?.name === name ? said.value : null) ?? null };
}

function firstMeasured(metrics: Run['metrics']): string | undefined {
  return Object.keys(metrics)
    .find((name) => name.startsWith('val/'))
    ?.slice(4);
}
