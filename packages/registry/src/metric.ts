import { type Home, logLines, metrics } from '@fovea/store';
import { and, asc, desc, eq, gt } from 'drizzle-orm';

/** One value of one metric. */
export interface MetricValue {
  readonly name: string;
  /** Optimizer steps done, from 0. */
  readonly step: number;
  readonly epoch?: number | null;
  /** Any number: NaN and the infinities are kept as such. */
  readonly value: number;
}

/** A stored value; `id` grows with every write of the run. */
export interface MetricPoint extends Required<MetricValue> {
  readonly id: number;
  readonly time: Date;
}

/** The latest value of a metric. */
export interface LatestMetric {
  readonly value: number;
  readonly step: number;
  readonly epoch: number | null;
}

/**
 * Stores metric values, all or none; a value for the same run, name and step replaces the one before, so that a run
 * which resumes from a checkpoint writes its steps again without doubling them.
 */
export async function logMetrics(home: Home, runId: string, values: readonly MetricValue[]): Promise<void> {
  const last = new Map(values.map((value) => [`${value.step} ${value.name}`, value]));
  if (last.size === 0) return;
  const rows = [...last.values()];
  // One statement with arrays: as fast for a thousand values as for one. A replaced value gets a new id, so that who
  // reads from an id on sees it.
  await home.persist(() =>
    home.pool.query(
      `insert into fovea.metrics (run_id, name, step, epoch, value)
       select $1, * from unnest($2::text[], $3::integer[], $4::double precision[], $5::double precision[])
       on conflict (run_id, name, step) do update
       set id = excluded.id, epoch = excluded.epoch, value = excluded.value, time = now()`,
      [
        runId,
        rows.map((row) => row.name),
        rows.map((row) => row.step),
        rows.map((row) => row.epoch ?? null),
        rows.map((row) => row.value),
      ],
    ),
  );
}

/**
 * A run's metric values in the order they were written.
 *
 * @param options.sinceId - only those written after this id
 * @returns the points and `last`, the id to go on from
 */
export async function getMetrics(
  home: Home,
  runId: string,
  options: { sinceId?: number; limit?: number } = {},
): Promise<{ points: MetricPoint[]; last: number }> {
  const sinceId = options.sinceId ?? 0;
  const points = await home.db
    .select({
      id: metrics.id,
      name: metrics.name,
      step: metrics.step,
      epoch: metrics.epoch,
      value: metrics.value,
      time: metrics.time,
    })
    .from(metrics)
    .where(and(eq(metrics.runId, runId), gt(metrics.id, sinceId)))
    .orderBy(asc(metrics.id))
    .limit(options.limit ?? 100_000);
  return { points, last: points.at(-1)?.id ?? sinceId };
}

/** The latest value of every metric of these runs, by run and name. */
export async function latestMetrics(
  home: Home,
  runIds: readonly string[],
): Promise<Map<string, Record<string, LatestMetric>>> {
  const found = new Map<string, Record<string, LatestMetric>>();
  if (runIds.length === 0) return found;
  // Hops from name to name over the index (run_id, name, step) instead of reading every step.
  const { rows } = await home.pool.query<LatestMetric & { run_id: string; name: string }>(
    `with recursive names as (
       select run_id, (select min(name) from fovea.metrics m where m.run_id = r.run_id) as name
       from unnest($1::text[]) as r (run_id)
       union all
       select run_id, (select min(name) from fovea.metrics m where m.run_id = names.run_id and m.name > names.name)
       from names where name is not null
     )
     select names.run_id, names.name, latest.step, latest.epoch, latest.value
     from names cross join lateral (
       select step, epoch, value from fovea.metrics m
       where m.run_id = names.run_id and m.name = names.name order by step desc limit 1
     ) as latest
     where names.name is not null order by names.run_id, names.name`,
    [runIds],
  );
  for (const { run_id, name, step, epoch, value } of rows) {
    const ofRun = found.get(run_id) ?? {};
    ofRun[name] = { step, epoch, value };
    found.set(run_id, ofRun);
  }
  return found;
}

/** One line of a run's log. */
export interface LogLine {
  readonly id: number;
  readonly time: Date;
  readonly text: string;
}

/** Appends lines to a run's log, in order. */
export async function appendLog(home: Home, runId: string, text: string | readonly string[]): Promise<void> {
  // PostgreSQL's text holds every character but NUL.
  const lines = (typeof text === 'string' ? [text] : [...text]).map((line) => line.replaceAll('\0', ''));
  if (lines.length === 0) return;
  await home.persist(() => home.db.insert(logLines).values(lines.map((line) => ({ runId, text: line }))));
}

/**
 * A run's log: the lines after `sinceId`, or without it the last ones, in order.
 *
 * @returns the lines and `last`, the id to go on from
 */
export async function getLog(
  home: Home,
  runId: string,
  options: { sinceId?: number; limit?: number } = {},
): Promise<{ lines: LogLine[]; last: number }> {
  const { sinceId, limit = 10_000 } = options;
  const lines = await home.db
    .select({ id: logLines.id, time: logLines.time, text: logLines.text })
    .from(logLines)
    .where(and(eq(logLines.runId, runId), sinceId === undefined ? undefined : gt(logLines.id, sinceId)))
    .orderBy(sinceId === undefined ? desc(logLines.id) : asc(logLines.id))
    .limit(limit);
  if (sinceId === undefined) lines.reverse();
  return { lines, last: lines.at(-1)?.id ?? sinceId ?? 0 };
}
