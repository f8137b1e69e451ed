import { bigint, foreignKey, integer, jsonb, primaryKey, text, timestamp, unique } from 'drizzle-orm/pg-core';
import { fovea, projects } from './project.js';
import { runs } from './run.js';

/** A model: a name, unique in a home, under which versions gather. */
export const models = fovea.table('models', {
  name: text('name').primaryKey(),
  projectId: bigint('project_id', { mode: 'number' })
    .notNull()
    .references(() => projects.id, { onDelete: 'cascade' }),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
});

/** An ONNX file (in the blob store) with its card. */
export const modelVersions = fovea.table(
  'model_versions',
  {
    modelName: text('model_name')
      .notNull()
      .references(() => models.name, { onDelete: 'cascade' }),
    version: integer('version').notNull(),
    runId: text('run_id').references(() => runs.id),
    sha256: text('sha256').notNull(),
    sizeBytes: bigint('size_bytes', { mode: 'number' }).notNull(),
    card: jsonb('card').$type<Record<string, unknown>>().notNull(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.modelName, table.version] }), unique().on(table.modelName, table.runId)],
);

/** A movable name on a model version. */
export const modelAliases = fovea.table(
  'model_aliases',
  {
    modelName: text('model_name').notNull(),
    alias: text('alias').notNull(),
    version: integer('version').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.modelName, table.alias] }),
    foreignKey({
      columns: [table.modelName, table.version],
      foreignColumns: [modelVersions.modelName, modelVersions.version],
    }).onDelete('cascade'),
  ],
);
