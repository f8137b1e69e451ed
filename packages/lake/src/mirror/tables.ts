/** A column of the mirror: its name and type in DuckDB, and what fills it in PostgreSQL. */
export interface MirrorColumn {
  readonly name: string;
  /** In DuckDB. */
  readonly type: string;
  /** In PostgreSQL, over the aliases of the table's `from`. */
  readonly source: string;
}

/** A table of the mirror, with where its rows come from. */
export interface MirrorTable {
  readonly name: string;
  readonly columns: readonly MirrorColumn[];
  /** Parts whose rows are put together; each takes the columns' sources, save those it says otherwise. */
  readonly parts: readonly MirrorPart[];
  /** The column that holds the picture's id. */
  readonly key: 'id' | 'media_id';
}

/** Where rows of a table come from. */
export interface MirrorPart {
  /** With the pictures as `m`. */
  readonly from: string;
  /** Sources of columns that differ from the table's own. */
  readonly sources?: Readonly<Record<string, string>>;
}

const column = (name: string, type: string, source: string): MirrorColumn => ({ name, type, source });
const same = (alias: string, type: string, ...names: string[]): MirrorColumn[] =>
  names.map((name) => column(name, type, `${alias}.${name}`));
/** An array as DuckDB writes it; as text it costs half of what JSON does. */
const list = (alias: string, name: string, type: string) =>
  column(name, `${type}[]`, `translate(${alias}.${name}::text, '{}', '[]')`);

/** Shapes of some megabytes are left out: a line of the file they travel in has an end. */
const shape = (alias: string) =>
  column('shape', 'JSON', `case when length(${alias}.shape::text) < 4000000 then ${alias}.shape end`);

/** A picture that was taken out of the project is not in the mirror, nor is anything of it. */
const present = 'm.removed_at is null';
const joined = (table: string, alias: string): string =>
  `fovea.${table} ${alias} join fovea.media m on m.id = ${alias}.media_id`;

const media: MirrorTable = {
  name: 'media',
  key: 'id',
  columns: [
    ...same('m', 'BIGINT', 'id'),
    ...same('m', 'VARCHAR', 'sha256', 'name'),
    column('kind', 'VARCHAR', `case when m.video_id is null then 'image' else 'frame' end`),
    ...same('m', 'INTEGER', 'width', 'height'),
    ...same('m', 'VARCHAR', 'format'),
    ...same('m', 'BIGINT', 'size_bytes'),
    ...same('m', 'BOOLEAN', 'labelled'),
    column('boxed', 'BOOLEAN', 'coalesce(m.boxed, m.labelled)'),
    column('reviewed', 'BOOLEAN', 'm.reviewed_at is not null'),
    ...same('m', 'VARCHAR', 'split'),
    column('annotation_count', 'INTEGER', '(select count(*) from fovea.annotations a where a.media_id = m.id)'),
    column('prediction_count', 'INTEGER', '(select count(*) from fovea.predictions p where p.media_id = m.id)'),
    column('max_confidence', 'FLOAT', '(select max(p.confidence) from fovea.predictions p where p.media_id = m.id)'),
    column('added_at', 'TIMESTAMP', `m.created_at at time zone 'UTC'`),
    column('video_sha256', 'VARCHAR', 'v.sha256'),
    ...same('m', 'DOUBLE', 'time_seconds'),
    ...same('f', 'SMALLINT', 'orientation', 'channels', 'bits_per_channel'),
    ...same('f', 'VARCHAR', 'colour_space'),
    ...same('f', 'BOOLEAN', 'has_alpha'),
    ...same('f', 'INTEGER', 'pages'),
    ...same('f', 'VARCHAR', 'perceptual_hash'),
    ...same('f', 'INTEGER', 'statistics_width', 'statistics_height'),
    ...['red', 'green', 'blue'].flatMap((channel) => [
      ...same('f', 'FLOAT', `${channel}_mean`, `${channel}_std`),
      ...same('f', 'SMALLINT', `${channel}_min`, `${channel}_max`),
      list('f', `${channel}_histogram`, 'INTEGER'),
    ]),
    ...same('f', 'FLOAT', 'brightness', 'contrast', 'sharpness', 'entropy'),
    ...same('f', 'VARCHAR', 'camera_make', 'camera_model', 'lens_model'),
    ...same('f', 'DOUBLE', 'exposure_seconds'),
    ...same('f', 'FLOAT', 'f_number', 'iso', 'focal_length_mm'),
    ...same('f', 'TIMESTAMP', 'taken_at'),
    ...same('f', 'SMALLINT', 'taken_at_offset_minutes'),
    column('taken_at_utc', 'TIMESTAMP', `f.taken_at - make_interval(mins => f.taken_at_offset_minutes)`),
    ...same('f', 'DOUBLE', 'latitude', 'longitude', 'altitude_meters'),
    column('exif', 'JSON', `nullif(f.exif, '{}'::jsonb)`),
  ],
  parts: [
    {
      from: `fovea.media m left join fovea.facts f on f.sha256 = m.sha256 left join fovea.videos v on v.id = m.video_id`,
    },
  ],
};

const annotations: MirrorTable = {
  name: 'annotations',
  key: 'media_id',
  columns: [
    ...same('a', 'BIGINT', 'id', 'media_id'),
    ...same('a', 'INTEGER', 'class_index'),
    column(
      'kind',
      'VARCHAR',
      `case when a.keypoints is not null then 'keypoints' when a.shape ? 'polygons' then 'polygon'
        when a.shape ? 'mask' then 'mask' when a.shape ? 'rotatedBox' then 'rotated_box' else 'box' end`,
    ),
    // PostgreSQL keeps the names xmin and xmax for itself; DuckDB does not.
    ...['xmin', 'ymin', 'xmax', 'ymax'].map((name, at) => column(name, 'DOUBLE', `a.box[${at + 1}]`)),
    ...same('a', 'BOOLEAN', 'is_crowd'),
    ...same('a', 'VARCHAR', 'track_id'),
    column('pixels', 'BIGINT', 'null::bigint'),
    list('a', 'keypoints', 'DOUBLE'),
    shape('a'),
    ...same('a', 'JSON', 'attributes'),
  ],
  parts: [
    { from: joined('annotations', 'a') },
    ...(['media_classes', 'label_map_classes'] as const).map(
      (table): MirrorPart => ({
        from: joined(table, 'a'),
        sources: {
          id: 'null::bigint',
          kind: table === 'media_classes' ? `'class'` : `'label_map'`,
          ...Object.fromEntries(['xmin', 'ymin', 'xmax', 'ymax'].map((name) => [name, 'null::double precision'])),
          is_crowd: 'false',
          track_id: 'null::text',
          pixels: table === 'media_classes' ? 'null::bigint' : 'a.pixels',
          keypoints: 'null::text',
          shape: 'null::jsonb',
          attributes: 'null::jsonb',
        },
      }),
    ),
  ],
};

const predictions: MirrorTable = {
  name: 'predictions',
  key: 'media_id',
  columns: [
    ...same('a', 'BIGINT', 'id', 'media_id'),
    ...same('a', 'VARCHAR', 'model', 'class_name'),
    ...same('a', 'FLOAT', 'confidence'),
    ...['xmin', 'ymin', 'xmax', 'ymax'].map((name, at) => column(name, 'DOUBLE', `a.box[${at + 1}]`)),
    shape('a'),
    column('created_at', 'TIMESTAMP', `a.created_at at time zone 'UTC'`),
  ],
  parts: [{ from: joined('predictions', 'a') }],
};

const predicted: MirrorTable = {
  name: 'predicted',
  key: 'media_id',
  columns: [
    ...same('a', 'BIGINT', 'media_id'),
    ...same('a', 'VARCHAR', 'model'),
    column('predicted_at', 'TIMESTAMP', `a.predicted_at at time zone 'UTC'`),
  ],
  parts: [{ from: joined('media_predicted', 'a') }],
};

const tags: MirrorTable = {
  name: 'tags',
  key: 'media_id',
  columns: [...same('a', 'BIGINT', 'media_id'), ...same('a', 'VARCHAR', 'tag')],
  parts: [{ from: joined('media_tags', 'a') }],
};

/** The tables that are kept current with every question. */
export const mirrorTables: readonly MirrorTable[] = [media, annotations, predictions, predicted, tags];

/** What people and the filter bar see: the mirror's rows with names in the place of numbers. */
export const views: Readonly<Record<string, string>> = {
  media: 'select * from mirror.media',
  annotations: `select a.media_id, m.sha256, m.name, c.name as class, a.class_index, a.kind, a.xmin, a.ymin, a.xmax, a.ymax,
    a.xmax - a.xmin as width, a.ymax - a.ymin as height, (a.xmax - a.xmin) * (a.ymax - a.ymin) as area, a.is_crowd,
    a.track_id, a.pixels, a.keypoints, a.shape, a.attributes, a.id
    from mirror.annotations a join mirror.media m on m.id = a.media_id
    join mirror.classes c on c.index = a.class_index`,
  predictions: `select p.media_id, m.sha256, m.name, p.model, p.class_name as class, p.confidence, p.xmin, p.ymin, p.xmax,
    p.ymax, p.xmax - p.xmin as width, p.ymax - p.ymin as height, (p.xmax - p.xmin) * (p.ymax - p.ymin) as area, p.shape,
    p.created_at, p.id
    from mirror.predictions p join mirror.media m on m.id = p.media_id`,
  predicted: `select p.media_id, m.sha256, p.model, p.predicted_at
    from mirror.predicted p join mirror.media m on m.id = p.media_id`,
  tags: `select t.media_id, m.sha256, m.name, t.tag from mirror.tags t join mirror.media m on m.id = t.media_id`,
  classes: 'select * from mirror.classes',
  videos: 'select * from mirror.videos',
  embeddings: `select e.media_id, m.sha256, e.model, len(e.vector) as dimensions, e.vector
    from mirror.embeddings e join mirror.media m on m.id = e.media_id`,
};

/** The mirror's tables, as DuckDB makes them. */
export function createStatements(): string[] {
  const table = ({ name, columns }: MirrorTable) =>
    `create table mirror.${name} (${columns.map((each) => `"${each.name}" ${each.type}`).join(', ')})`;
  return [
    'create schema mirror',
    'create table mirror.state (name varchar primary key, value varchar)',
    ...mirrorTables.map(table),
    'create table mirror.classes (index integer, name varchar, skeleton json)',
    `create table mirror.videos (sha256 varchar, name varchar, format varchar, width integer, height integer,
      size_bytes bigint, duration_seconds double, frame_count integer, frame_rate double)`,
    'create table mirror.embeddings (media_id bigint, model varchar, vector float[])',
    ...Object.entries(views).map(([name, sql]) => `create view ${name} as ${sql}`),
  ];
}

/** PostgreSQL's query for a table's rows of some pictures. @param chosen - condition on `m`, the pictures */
export function selectRows({ columns, parts }: MirrorTable, chosen: string): string {
  return parts
    .map(({ from, sources = {} }) => {
      const selected = columns.map((each) => sources[each.name] ?? each.source).join(', ');
      return `select ${selected} from ${from} where ${chosen} and ${present}`;
    })
    .join(' union all ');
}
