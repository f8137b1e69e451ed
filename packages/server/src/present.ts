import type * as api from '@fovea/api';
import type { MetricPoint, Model, Run } from '@fovea/registry';

/** JSON has no NaN and no infinities: a metric that is none of a finite number is null on the wire. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** A run as the API shows it. */
export function presentRun(run: Run): api.Run {
  return {
    id: run.id,
    project: run.project,
    name: run.name,
    task: run.task,
    state: run.state,
    params: run.params,
    snapshot: run.snapshot as api.Run['snapshot'],
    progress: run.progress as api.RunProgress | null,
    error: run.error === null ? null : { code: 'run_failed', message: run.error },
    createdAt: run.createdAt.toISOString(),
    startedAt: run.startedAt?.toISOString() ?? null,
    finishedAt: run.finishedAt?.toISOString() ?? null,
    model: run.model,
    metrics: Object.fromEntries(Object.entries(run.metrics).map(([name, latest]) => [name, finite(latest.value)])),
  };
}

/** Metric points as the API shows them. */
export function presentMetrics(page: { points: readonly MetricPoint[]; last: number }): api.MetricsPage {
  return {
    points: page.points.map(({ name, step, epoch, value, time }) => ({
      name,
      step,
      epoch,
      value: finite(value),
      time: time.toISOString(),
    })),
    last: page.last,
  };
}

/** A model with its versions as the API shows it. */
export function presentModel(model: Model): api.Model {
  return {
    name: model.name,
    project: model.project,
    versions: model.versions.map((version) => ({
      version: version.version,
      createdAt: version.createdAt.toISOString(),
      sizeBytes: version.sizeBytes,
      runId: version.runId,
      card: version.card as api.ModelCard,
      aliases: [...version.aliases],
    })),
    aliases: model.aliases,
  };
}
