import { FoveaError, LABEL_STATES, type LabelState, RANGE_FIELDS, type RangeField } from '@fovea/annotations';

/** From and to, both included; either may be left open. */
export interface Range<T = number> {
  readonly min?: T;
  readonly max?: T;
}

/** Where on the Earth: degrees; `west` above `east` goes across the date line. */
export interface Place {
  readonly south: number;
  readonly west: number;
  readonly north: number;
  readonly east: number;
}

/**
 * Which pictures of a project. All that is given must hold; of a list, one of its values. An empty text in `splits`,
 * `cameras` stands for pictures that have none.
 */
export interface MediaFilter {
  /** A box, a pixel, or the picture as a whole is of the class. */
  readonly classNames?: readonly string[];
  /** A model says so. */
  readonly predictedClassNames?: readonly string[];
  /** Of which `predictedClassNames` and `confidence` speak; default any. */
  readonly models?: readonly string[];
  readonly states?: readonly LabelState[];
  readonly reviewed?: boolean;
  readonly tags?: readonly string[];
  readonly withoutTags?: readonly string[];
  readonly splits?: readonly string[];
  readonly formats?: readonly string[];
  readonly kinds?: readonly ('image' | 'frame')[];
  /** Make and model as the camera writes them, with a blank between. */
  readonly cameras?: readonly string[];
  readonly videos?: readonly string[];
  /** Part of the name, letter case aside. */
  readonly search?: string;
  readonly ranges?: Readonly<Partial<Record<RangeField, Range>>>;
  /** By the camera's clock: ISO 8601 dates or moments without a zone. */
  readonly taken?: Range<string>;
  /** When it came into the project, in UTC. */
  readonly added?: Range<string>;
  readonly place?: Place;
  /** Just these. */
  readonly sha256s?: readonly string[];
  /** A SELECT with a column `sha256`: just pictures that its rows name. Checked by `withFilterSql`, not here. */
  readonly sql?: string;
}

/** A value of a prepared statement. */
export type SqlValue = string | number | boolean | readonly string[];

/** A filter as SQL: a condition on `m`, a row of `mirror.media`, and the values of its parameters by name. */
export interface CompiledFilter {
  readonly where: string;
  readonly values: Readonly<Record<string, SqlValue>>;
}

/** A picture's camera in one text, empty where it is not known. */
export const CAMERA = `trim(concat_ws(' ', m.camera_make, m.camera_model))`;
/** The number a range speaks of, as SQL over `m`. */
export const rangeColumns: Readonly<Record<RangeField, string>> = {
  annotations: 'm.annotation_count',
  confidence: 'm.max_confidence',
  width: 'm.width',
  height: 'm.height',
  megapixels: 'm.width::double * m.height / 1e6',
  aspect: 'm.width::double / m.height',
  sizeBytes: 'm.size_bytes',
  brightness: 'm.brightness',
  contrast: 'm.contrast',
  sharpness: 'm.sharpness',
  entropy: 'm.entropy',
  timeSeconds: 'm.time_seconds',
};

/** What a state is, as SQL over `m`. */
export const stateConditions: Readonly<Record<LabelState, string>> = {
  labelled: 'm.labelled',
  unlabelled: 'not m.labelled',
  background: 'm.boxed and m.annotation_count = 0',
  predicted: 'not m.labelled and m.prediction_count > 0',
};

/**
 * The condition a filter is.
 *
 * @param without - leaves one of its parts out, as for the counts beside that part's own values
 * @param isWrittenOut - has the values in the condition itself, where parameters cannot be
 * @throws FoveaError `bad_filter`
 */
export function compileFilter(
  filter: MediaFilter,
  without?: keyof MediaFilter | RangeField,
  isWrittenOut = false,
): CompiledFilter {
  const parts: string[] = [];
  const values: Record<string, SqlValue> = {};
  const bind = (value: SqlValue): string => {
    if (isWrittenOut) return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value);
    const name = `v${Object.keys(values).length}`;
    values[name] = value;
    return `$${name}`;
  };
  const oneOf = (expression: string, list: readonly string[]) =>
    `${expression} in (${list.map((each) => bind(each)).join(', ')})`;
  const given = <K extends keyof MediaFilter>(name: K): NonNullable<MediaFilter[K]> | undefined => {
    const value = filter[name];
    return name === without || value === undefined || (Array.isArray(value) && value.length === 0) ? undefined : value!;
  };

  const classNames = given('classNames');
  if (classNames) {
    parts.push(`m.id in (select a.media_id from mirror.annotations a join mirror.classes c on c.index = a.class_index
      where ${oneOf('c.name', classNames)})`);
  }
  const models = given('models');
  const ofModels = models ? ` and ${oneOf('p.model', models)}` : '';
  const predicted = given('predictedClassNames');
  const confidence = without === 'confidence' ? undefined : filter.ranges?.confidence;
  if (predicted || confidence) {
    const named = predicted ? ` and ${oneOf('p.class_name', predicted)}` : '';
    const sure = confidence ? ` and ${between('p.confidence', checkRange('confidence', confidence), bind)}` : '';
    parts.push(`m.id in (select p.media_id from mirror.predictions p where true${named}${sure}${ofModels})`);
  } else if (models) {
    parts.push(`m.id in (select p.media_id from mirror.predicted p where true${ofModels})`);
  }
  const labelStates = given('states');
  if (labelStates) {
    const unknown = labelStates.find((state) => !LABEL_STATES.includes(state));
    if (unknown !== undefined) throw badFilter('state', unknown, LABEL_STATES.join(', '));
    parts.push(`(${labelStates.map((state) => `(${stateConditions[state]})`).join(' or ')})`);
  }
  const reviewed = given('reviewed');
  if (reviewed !== undefined) parts.push(reviewed ? 'm.reviewed' : 'not m.reviewed');
  const tags = given('tags');
  if (tags) parts.push(`m.id in (select media_id from mirror.tags where ${oneOf('tag', tags)})`);
  const withoutTags = given('withoutTags');
  if (withoutTags) parts.push(`m.id not in (select media_id from mirror.tags where ${oneOf('tag', withoutTags)})`);
  const splits = given('splits');
  if (splits) parts.push(oneOf(`coalesce(m.split, '')`, splits));
  const formats = given('formats');
  if (formats) parts.push(oneOf('m.format', formats));
  const kinds = given('kinds');
  if (kinds) parts.push(oneOf('m.kind', kinds));
  const cameras = given('cameras');
  if (cameras) parts.push(oneOf(CAMERA, cameras));
  const videos = given('videos');
  if (videos) parts.push(oneOf('m.video_sha256', videos));
  const search = given('search');
  if (search) parts.push(`contains(lower(m.name), lower(${bind(search)}))`);
  const sha256s = given('sha256s');
  if (sha256s) parts.push(oneOf('m.sha256', sha256s));
  const sql = given('sql');
  // On a line of its own: the query may end in a comment. By its name: a column it has not must not be the picture's own.
  if (sql) parts.push(`m.sha256 in (select given.sha256 from (${sql.replace(/;\s*$/, '')}\n) given)`);
  for (const [field, range] of Object.entries(filter.ranges ?? {}) as [RangeField, Range | undefined][]) {
    if (field === without || field === 'confidence' || range === undefined) continue;
    if (!RANGE_FIELDS.includes(field)) throw badFilter('range', field, RANGE_FIELDS.join(', '));
    parts.push(between(rangeColumns[field], checkRange(field, range), bind));
  }
  const taken = given('taken');
  if (taken) parts.push(during('m.taken_at', 'taken', taken, bind));
  const added = given('added');
  if (added) parts.push(during('m.added_at', 'added', added, bind));
  const place = given('place');
  if (place) {
    const { south, west, north, east } = place;
    if (![south, west, north, east].every(Number.isFinite)) {
      throw badFilter('place', JSON.stringify(place), 'four numbers of degrees, south, west, north, east');
    }
    const across = west <= east ? 'and' : 'or';
    parts.push(`m.latitude between ${bind(south)} and ${bind(north)}
      and (m.longitude >= ${bind(west)} ${across} m.longitude <= ${bind(east)})`);
  }
  return { where: parts.length === 0 ? 'true' : parts.map((part) => `(${part})`).join(' and '), values };
}

function checkRange(field: string, range: Range): Range {
  const { min, max } = range;
  if ([min, max].some((value) => value !== undefined && !Number.isFinite(value)) || (min ?? 0) > (max ?? Infinity)) {
    throw badFilter(field, `${min ?? ''}..${max ?? ''}`, 'a range like 0.2..0.8, 5.. or ..5');
  }
  return range;
}

function between(expression: string, { min, max }: Range, bind: (value: SqlValue) => string): string {
  const parts = [
    ...(min === undefined ? [] : [`${expression} >= ${bind(min)}`]),
    ...(max === undefined ? [] : [`${expression} <= ${bind(max)}`]),
  ];
  return parts.length === 0 ? 'true' : parts.join(' and ');
}

const MOMENT = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?$/;

/** A day as the end of a range is meant with all its hours. */
function during(column: string, field: string, range: Range<string>, bind: (value: SqlValue) => string): string {
  for (const text of [range.min, range.max]) {
    if (text !== undefined && (!MOMENT.test(text) || Number.isNaN(Date.parse(text)))) {
      throw badFilter(field, text, 'dates like 2026-03-01 or moments like 2026-03-01T12:30');
    }
  }
  const { min, max } = range;
  const isDay = max !== undefined && max.length === 10;
  const parts = [
    ...(min === undefined ? [] : [`${column} >= ${bind(min)}::timestamp`]),
    ...(max === undefined
      ? []
      : [isDay ? `${column} < ${bind(max)}::timestamp + interval 1 day` : `${column} <= ${bind(max)}::timestamp`]),
  ];
  return parts.length === 0 ? 'true' : parts.join(' and ');
}

function badFilter(part: string, value: string, expected: string): FoveaError {
  return new FoveaError('bad_filter', `The filter's ${part} cannot be "${value}"; expected ${expected}.`, {
    part,
    value,
    expected,
  });
}
