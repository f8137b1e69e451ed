import { type LabelState, RANGE_FIELDS, SORT_FIELDS } from '@fovea/annotations';
import { z } from '@hono/zod-openapi';

// Values of a query string: each a text, or several texts under one name. What they mean is said here once, for the
// server's routes and for the web app's address alike; whether a value makes sense is the lake's to say.

const texts = z
  .union([z.string().max(500), z.array(z.string().max(500)).max(1000)])
  .transform((value) => (Array.isArray(value) ? value : [value]))
  .optional();

const hashes = z
  .union([z.string().max(64), z.array(z.string().max(64)).max(10_000)])
  .transform((value) => (Array.isArray(value) ? value : [value]))
  .optional();

const RANGE = /^(-?\d*\.?\d*(?:e[+-]?\d+)?)\.\.(-?\d*\.?\d*(?:e[+-]?\d+)?)$/i;

/** `0.2..0.8`, `5..`, `..5`, or one number for just that. */
const range = z
  .string()
  .max(60)
  .transform((text, context) => {
    const number = (part: string) => (part === '' ? undefined : Number(part));
    const parts = RANGE.exec(text);
    const [min, max] = parts ? [number(parts[1]!), number(parts[2]!)] : [Number(text), Number(text)];
    if (text.trim() === '' || [min, max].some((each) => each !== undefined && !Number.isFinite(each))) {
      context.addIssue({ code: 'custom', message: 'expected a range like 0.2..0.8, 5.. or ..5, or one number' });
      return z.NEVER;
    }
    return { ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
  })
  .optional();

/** `2026-03-01..2026-04-01`, either end may be missing; one date for that day. */
const dates = z
  .string()
  .max(80)
  .transform((text) => {
    const [min = '', max = min] = text.split('..');
    return { ...(min !== '' && { min }), ...(max !== '' && { max }) };
  })
  .optional();

const place = z
  .string()
  .max(120)
  .transform((text, context) => {
    const [south, west, north, east, ...rest] = text.split(',').map(Number);
    if (rest.length > 0 || ![south, west, north, east].every((each) => Number.isFinite(each))) {
      context.addIssue({ code: 'custom', message: 'expected south,west,north,east in degrees' });
      return z.NEVER;
    }
    return { south: south!, west: west!, north: north!, east: east! };
  })
  .optional();

const truth = z
  .enum(['true', 'false'])
  .transform((value) => value === 'true')
  .optional();

const filterFields = {
  class: texts.describe('A box, a pixel or the whole is of one of these classes.'),
  predicted: texts.describe('A model says so.'),
  model: texts.describe('Of which model `predicted` and `confidence` speak; name@version.'),
  state: texts.describe('labelled, unlabelled, background, or predicted (and not labelled).'),
  labelled: truth,
  reviewed: truth,
  tag: texts,
  withoutTag: texts,
  split: texts.describe('train, val, test; empty for none.'),
  format: texts,
  kind: texts.describe('image or frame.'),
  camera: texts.describe('Make and model; empty where unknown.'),
  video: texts.describe('SHA-256 of the video whose frames are wanted.'),
  search: z.string().max(500).optional().describe('Part of the file name.'),
  taken: dates.describe("By the camera's clock, as 2026-03-01..2026-03-31."),
  added: dates.describe('When it came into the project, in UTC.'),
  place: place.describe('south,west,north,east in degrees.'),
  sha256: hashes.describe('Just these.'),
  sql: z.string().max(20_000).optional().describe('One SELECT with a column sha256: just pictures that its rows name.'),
  annotations: range.describe('How many objects are marked, as 1..5.'),
  width: range,
  height: range,
  megapixels: range,
  aspect: range.describe('Width by height.'),
  sizeBytes: range,
  brightness: range,
  contrast: range,
  sharpness: range,
  entropy: range,
  confidence: range.describe('Of a prediction.'),
  timeSeconds: range.describe('Of a frame, in its video.'),
};

/** Which pictures, as a query string has it. */
export const mediaFilterSchema = z.object(filterFields).openapi('MediaFilter');

/** What {@link mediaFilterSchema} gives, in the lake's words. */
export function toMediaFilter(query: z.output<typeof mediaFilterSchema>) {
  const { labelled } = query;
  const states = query.state ?? (labelled === undefined ? undefined : [labelled ? 'labelled' : 'unlabelled']);
  const given = RANGE_FIELDS.flatMap((name) => (query[name] === undefined ? [] : [[name, query[name]] as const]));
  return {
    classNames: query.class,
    predictedClassNames: query.predicted,
    models: query.model,
    states: states as LabelState[] | undefined,
    reviewed: query.reviewed,
    tags: query.tag,
    withoutTags: query.withoutTag,
    splits: query.split,
    formats: query.format,
    kinds: query.kind as ('image' | 'frame')[] | undefined,
    cameras: query.camera,
    videos: query.video,
    search: query.search,
    taken: query.taken,
    added: query.added,
    place: query.place,
    sha256s: query.sha256,
    sql: query.sql,
    ranges: given.length === 0 ? undefined : Object.fromEntries(given),
  };
}

/** Orders of pictures; with a hyphen before it, the other way round. */
export const mediaSortSchema = z
  .string()

  .regex(new RegExp(`^-?(${SORT_FIELDS.join('|')})$`))
  .optional()

  .describe(`${SORT_FIELDS.join(', ')}; with a hyphen before it, the other way round.`);

/** Which pictures to list, in which order. */
export const mediaQuerySchema = mediaFilterSchema.extend({
  limit: z.coerce.number<number>().int().min(1).max(500).default(100),
  cursor: z.string().max(500).optional(),
  offset: z.coerce.number<number>().int().min(0).optional().describe('How many to pass over, instead of a cursor.'),
  sort: mediaSortSchema,
});

/** Which pictures of a whole listing, without pages. */
export const mediaListingSchema = mediaFilterSchema.extend({ sort: mediaSortSchema });

const counted = z.array(z.object({ value: z.string(), count: z.number().int() }));
const spread = z
  .object({ min: z.number(), max: z.number(), counts: z.array(z.number().int()) })
  .nullable()
  .describe('Bins of equal width from min to max; null where no picture has the number.');
const span = z.object({ min: z.string(), max: z.string() }).nullable();

/** What a filter bar shows beside its values. */
export const facetsSchema = z
  .object({
    total: z.number().int(),
    placed: z.number().int().describe('Pictures with a position.'),
    values: z.object({
      classNames: counted,
      predictedClassNames: counted,
      models: counted,
      states: counted,
      reviewed: counted,
      tags: counted,
      splits: counted,
      formats: counted,
      kinds: counted,
      cameras: counted,
    }),
    ranges: z.object({
      annotations: spread,
      megapixels: spread,
      brightness: spread,
      contrast: spread,
      sharpness: spread,
      confidence: spread,
    }),
    taken: span,
    added: span,
  })
  .openapi('Facets');

const histogram = z.object({ edges: z.array(z.number()), counts: z.array(z.number().int()) });
const named = z.array(z.object({ name: z.string(), pictures: z.number().int() }));

/** What a set of pictures is like. */
export const statisticsSchema = z
  .object({
    pictures: z.number().int(),
    labelled: z.number().int(),
    annotations: z.number().int(),
    classes: z.array(
      z.object({
        name: z.string(),
        index: z.number().int(),
        objects: z.number().int(),
        pictures: z.number().int(),
      }),
    ),
    boxSizes: histogram.describe("Square root of the box's share of its picture."),
    boxAspects: histogram.describe('log2 of width by height.'),
    objectsPerPicture: z.array(z.object({ objects: z.number().int(), pictures: z.number().int() })),
    positions: z.object({ side: z.number().int(), counts: z.array(z.number().int()) }),
    imageSizes: z.array(z.object({ width: z.number().int(), height: z.number().int(), pictures: z.number().int() })),
    imageAspects: histogram.describe('log2 of width by height.'),
    brightness: histogram,
    contrast: histogram,
    sharpness: histogram.describe('log10 of sharpness plus one.'),
    entropy: histogram,
    overTime: z.object({
      unit: z.enum(['hour', 'day', 'month', 'year']),
      counts: z.array(z.object({ from: z.string(), pictures: z.number().int() })),
    }),
    places: z.object({
      degrees: z.number(),
      cells: z.array(z.object({ latitude: z.number(), longitude: z.number(), pictures: z.number().int() })),
    }),
    splits: named,
    cameras: named,
  })
  .openapi('DatasetStatistics');

/** What is done to all pictures that a filter chooses. */
export const mediaActionSchema = z
  .object({
    filter: mediaFilterSchema,
    action: z.discriminatedUnion('kind', [
      z.object({ kind: z.enum(['tag', 'untag']), tag: z.string().min(1).max(100) }).strict(),
      z.object({ kind: z.enum(['review', 'unreview', 'remove']) }).strict(),
      z.object({ kind: z.literal('split'), split: z.enum(['train', 'val', 'test']).nullable() }).strict(),
    ]),
  })
  .strict()
  .openapi('MediaAction');

/** What an action on many pictures did. */
export const actionReportSchema = z
  .object({
    actionId: z.number().int().nullable().describe('To undo it by; null where nothing was changed.'),
    changed: z.number().int(),
  })
  .openapi('ActionReport');

/** A question in SQL. */
export const lakeQuerySchema = z
  .object({
    sql: z.string().min(1).max(100_000),
    maxRows: z.number().int().min(1).max(10_000).default(1000),
    timeoutSeconds: z.number().min(0.1).max(120).default(30),
  })
  .strict()
  .openapi('LakeQuery');

/** The answer to a question in SQL. */
export const queryResultSchema = z
  .object({
    columns: z.array(z.object({ name: z.string(), type: z.string() })),
    rows: z.array(z.array(z.unknown())),
    truncated: z.boolean(),
    elapsedMs: z.number(),
  })
  .openapi('QueryResult');

/** What is wanted as a file: the whole answer to a question in SQL, or all that is known of the pictures of a filter. */
export const lakeExportSchema = z
  .object({
    sql: z.string().min(1).max(100_000).optional(),
    filter: mediaFilterSchema.optional(),
    sort: mediaSortSchema,
    format: z.enum(['parquet', 'csv', 'jsonl']),
    timeoutSeconds: z.number().min(0.1).max(600).default(120),
  })
  .strict()
  .refine(({ sql, filter }) => (sql === undefined) !== (filter === undefined), 'expected either sql or filter')
  .openapi('LakeExport');

/** A new value for everything known of a picture. */
export const mediaFactsSchema = z
  .object({
    facts: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe('Columns of `media` that are read from its bytes, by name.'),
    exif: z.record(z.string(), z.unknown()),
    predictions: z.array(
      z.object({
        model: z.string(),
        className: z.string(),
        confidence: z.number(),
        box: z.tuple([z.number(), z.number(), z.number(), z.number()]).nullable(),
        shape: z.record(z.string(), z.unknown()).nullable(),
      }),
    ),
    sources: z.array(z.object({ location: z.string(), seenAt: z.string(), gone: z.boolean() })),
    snapshots: z.array(z.object({ id: z.string(), name: z.string() })).describe('Not all: the latest that hold it.'),
  })
  .openapi('MediaFacts');
