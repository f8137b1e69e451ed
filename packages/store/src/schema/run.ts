import { bigint, doublePrecision, integer, jsonb, primaryKey, text, timestamp, unique } from 'drizzle-orm/pg-core';
import { fovea, projects, snapshots } from './project.js';

/** The states a run can be in. */
export const RUN_STATES = ['queued', 'running', 'stopping', 'stopped', 'finished', 'failed'] as const;

/** One of {@link RUN_STATES}. */
export type RunState = (typeof RUN_STATES)[number];

/** One execution of training; the lease says which process works on it. */
export const runs = fovea.table('runs', {
  id: text('id').primaryKey(),
  projectId: bigint('project_id', { mode: 'number' })
    .notNull()
    .references(() => projects.id, { onDelete: 'cascade' }),
  snapshotId: text('snapshot_id').references(() => snapshots.id),
  name: text('name').notNull(),
  task: text('task').notNull(),
  state: text('state').$type<RunState>().notNull().default('queued'),
  params: jsonb('params').$type<Record<string, unknown>>().notNull(),
  progress: jsonb('progress').$type<Record<string, unknown>>(),
  error: text('error'),
  leaseOwner: text('lease_owner'),
  leaseExpiresAt: timestamp('lease_expires_at', { withTimezone: true }),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  startedAt: timestamp('started_at', { withTimezone: true }),
  finishedAt: timestamp('finished_at', { withTimezone: true }),
});

/** One value of one metric at one step. `id` grows with every write, so a reader can ask for what is new. */
export const metrics = fovea.table(
  'metrics',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedByDefaultAsIdentity(),
    runId: text('run_id')
      .notNull()
      .references(() => runs.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    step: integer('step').notNull(),
    epoch: doublePrecision('epoch'),
    value: doublePrecision('value').notNull(),
    time: timestamp('time', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [unique().on(table.runId, table.name, table.step)],
);

/** One line of a run's log. */
export const logLines = fovea.table('log_lines', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  runId: text('run_id')
    .notNull()
    .references(() => runs.id, { onDelete: 'cascade' }),
  time: timestamp('time', { withTimezone: true }).notNull().defaultNow(),
  text: text('text').notNull(),
});

/** A file a run made; its bytes lie in the blob store. */
export const artifacts = fovea.table(
  'artifacts',
  {
    runId: text('run_id')
      .notNull()
      .references(() => runs.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    sha256: text('sha256').notNull(),
    sizeBytes: bigint('size_bytes', { mode: 'number' }).notNull(),
    mediaType: text('media_type').notNull(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.runId, table.name] })],
);
