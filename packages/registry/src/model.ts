import { type Home, modelAliases, models, modelVersions, projects } from '@fovea/store';
import { and, asc, desc, eq, type SQL, sql } from 'drizzle-orm';
import { listKnown, RegistryError } from './error.js';

/** What a model version says about itself; more keys are kept as they are. */
export interface ModelCard {
  readonly task: string;
  readonly classNames: readonly string[];
  readonly input: { readonly width: number; readonly height: number; readonly [key: string]: unknown };
  /** By COCO's names (`AP`, `AP50`, …); null where undefined. */
  readonly metrics: { readonly [name: string]: number | null | undefined };
  readonly parameters?: number;
  readonly snapshotId?: string | null;
  readonly runId?: string | null;
  readonly seed?: number;
  readonly recipe?: unknown;
  readonly license?: string;
  readonly createdWith?: string;
  readonly [key: string]: unknown;
}

/** An ONNX file with its card. */
export interface ModelVersion {
  readonly name: string;
  /** 1, 2, … within its name. */
  readonly version: number;
  readonly projectId: number;
  /** The project's name. */
  readonly project: string;
  readonly runId: string | null;
  /** The ONNX file, a blob. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly card: ModelCard;
  readonly aliases: readonly string[];
  readonly createdAt: Date;
}

/** A model with its versions, latest first. */
export interface Model {
  readonly name: string;
  readonly projectId: number;
  readonly project: string;
  readonly createdAt: Date;
  readonly versions: readonly ModelVersion[];
  /** Version by alias. */
  readonly aliases: Record<string, number>;
}

/** What {@link registerModel} stores. */
export interface NewModelVersion {
  readonly name: string;
  readonly projectId: number;
  /** The run that made it; a run has one version of a model, whoever asks how often. */
  readonly runId?: string | null;
  /** The ONNX file: it is copied into the blob store. */
  readonly onnxPath: string;
  readonly card: ModelCard;
}

const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,99}$/u;

/**
 * Stores a model version. The latest is the `candidate`; it becomes the `champion` where there is none yet, or where
 * the main metric of its task (`mainMetrics`) is higher than the champion's.
 *
 * @throws RegistryError `bad_name`; `model_name_taken` where another project has a model of that name
 */
export async function registerModel(home: Home, model: NewModelVersion): Promise<ModelVersion> {
  if (!NAME.test(model.name)) {
    throw new RegistryError(
      'bad_name',
      `"${model.name}" cannot name a model: letters, digits, blanks, dots, hyphens and underscores can, at most 100, a letter or digit first.`,
    );
  }
  // On disk first: a version never names a file that is not there.
  const file = await home.blobs.put(model.onnxPath);
  const insert = () =>
    home.db.transaction(async (tx) => {
      await tx.insert(models).values({ name: model.name, projectId: model.projectId }).onConflictDoNothing();
      const [row] = await tx.select().from(models).where(eq(models.name, model.name)).for('update');
      if (row?.projectId !== model.projectId) {
        throw new RegistryError(
          'model_name_taken',
          `Another project has a model "${model.name}": choose another name (--name).`,
          { name: model.name },
        );
      }
      const versions = await tx
        .select()
        .from(modelVersions)
        .where(eq(modelVersions.modelName, model.name))
        .orderBy(desc(modelVersions.version));
      const before = model.runId == null ? undefined : versions.find((each) => each.runId === model.runId);
      if (before !== undefined) return before.version;
      const version = (versions[0]?.version ?? 0) + 1;
      await tx.insert(modelVersions).values({
        modelName: model.name,
        version,
        runId: model.runId ?? null,
        ...file,
        card: { ...model.card },
      });
      const aliases = await tx.select().from(modelAliases).where(eq(modelAliases.modelName, model.name));
      const championVersion = aliases.find((each) => each.alias === 'champion')?.version;
      const champion = versions.find((each) => each.version === championVersion);
      const names =
        champion === undefined || excels(model.card, champion.card) ? ['candidate', 'champion'] : ['candidate'];
      await tx
        .insert(modelAliases)
        .values(names.map((alias) => ({ modelName: model.name, alias, version })))
        .onConflictDoUpdate({ target: [modelAliases.modelName, modelAliases.alias], set: { version } });
      return version;
    });
  // Of a run there is one version, so trying again cannot make two.
  const version = await (model.runId == null ? insert() : home.persist(insert));
  return resolveModel(home, `${model.name}@${version}`);
}

/** The figure by which models of a task are compared. */
export const mainMetrics: Readonly<Record<string, string>> = {
  detection: 'AP',
  classification: 'accuracy',
  segmentation: 'mIoU',
  embedding: 'rank1',
};

function score(card: Record<string, unknown> | ModelCard): number {
  const name = mainMetrics[String(card.task ?? 'detection')] ?? 'AP';
  const value = (card.metrics as ModelCard['metrics'] | undefined)?.[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : -1;
}

/** Whether a card's main figure is higher than the champion's; of another task there is nothing to compare. */
function excels(card: ModelCard, champion: Record<string, unknown>): boolean {
  return (card.task ?? 'detection') === (champion.task ?? 'detection') && score(card) > score(champion);
}

/** All models, by name. */
export async function listModels(home: Home, projectName?: string): Promise<Model[]> {
  return selectModels(home, projectName === undefined ? undefined : eq(projects.name, projectName));
}

/** One model with all its versions. @throws RegistryError `unknown_model`, which names the known ones. */
export async function getModel(home: Home, name: string): Promise<Model> {
  const [model] = await selectModels(home, eq(models.name, name));
  if (model !== undefined) return model;
  const known = await home.db.select({ name: models.name }).from(models).orderBy(asc(models.name));
  throw new RegistryError('unknown_model', `There is no model "${name}"; ${listKnown(known.map((row) => row.name))}.`, {
    model: name,
    known: known.map((row) => row.name),
  });
}

/**
 * Finds a model version by reference: `name` (its champion, or its latest version where no champion is named),
 * `name@alias` or `name@3`.
 *
 * @throws RegistryError `unknown_model` or `unknown_version`, each naming what there is
 */
export async function resolveModel(home: Home, reference: string): Promise<ModelVersion> {
  const at = reference.lastIndexOf('@');
  const name = at < 0 ? reference : reference.slice(0, at);
  const selector = at < 0 ? undefined : reference.slice(at + 1);
  const model = await getModel(home, name);
  const number =
    selector === undefined
      ? (model.aliases.champion ?? model.versions[0]?.version)
      : /^\d+$/.test(selector)
        ? Number(selector)
        : model.aliases[selector];
  const found = model.versions.find((version) => version.version === number);
  if (found !== undefined) return found;
  const known = [...Object.keys(model.aliases), ...model.versions.map((version) => String(version.version))];
  throw new RegistryError('unknown_version', `The model "${name}" has no "${selector}"; ${listKnown(known)}.`, {
    model: name,
    known,
  });
}

/** Points an alias at a version, moving it where it exists. @throws RegistryError `unknown_model`, `unknown_version`, `bad_name` */
export async function setAlias(home: Home, name: string, alias: string, version: number): Promise<ModelVersion> {
  if (!/^[a-z][a-z0-9_-]{0,39}$/.test(alias)) {
    throw new RegistryError(
      'bad_name',
      `"${alias}" cannot be an alias: lower-case letters, digits, hyphens and underscores can, at most 40, a letter first.`,
    );
  }
  await resolveModel(home, `${name}@${version}`);
  await home.db
    .insert(modelAliases)
    .values({ modelName: name, alias, version })
    .onConflictDoUpdate({ target: [modelAliases.modelName, modelAliases.alias], set: { version } });
  return resolveModel(home, `${name}@${version}`);
}

async function selectModels(home: Home, where: SQL | undefined): Promise<Model[]> {
  const rows = await home.db
    .select({
      model: models,
      project: projects.name,
      version: modelVersions,
      aliases: sql<string[]>`array(
        select ${modelAliases.alias} from ${modelAliases}
        where ${modelAliases.modelName} = ${modelVersions.modelName} and ${modelAliases.version} = ${modelVersions.version}
        order by 1
      )`,
    })
    .from(models)
    .innerJoin(projects, eq(projects.id, models.projectId))
    .innerJoin(modelVersions, and(eq(modelVersions.modelName, models.name)))
    .where(where)
    .orderBy(asc(models.name), desc(modelVersions.version));
  const found = new Map<string, Model & { versions: ModelVersion[] }>();
  for (const { model, project, version, aliases } of rows) {
    const entry = found.get(model.name) ?? { ...model, project, versions: [], aliases: {} };
    found.set(model.name, entry);
    entry.versions.push({
      name: model.name,
      version: version.version,
      projectId: model.projectId,
      project,
      runId: version.runId,
      sha256: version.sha256,
      sizeBytes: version.sizeBytes,
      card: version.card as ModelCard,
      aliases,
      createdAt: version.createdAt,
    });
    for (const alias of aliases) entry.aliases[alias] = version.version;
  }
  return [...found.values()];
}
