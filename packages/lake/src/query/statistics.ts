import type { DuckDBConnection } from '@duckdb/node-api';
import type { Home } from '@fovea/store';
import { withMirror } from '../mirror/mirrors.js';
import { compileFilter, type MediaFilter } from './filter.js';
import { remember } from './remember.js';
import { asksEmbeddings, withFilterSql } from './sql.js';

/** Counts in bins of equal width; bin i holds values from `edges[i]` up to `edges[i + 1]`, the last also its end. */
export interface Histogram {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** What a set of pictures is like, as plots show it. */
export interface DatasetStatistics {
  readonly pictures: number;
  readonly labelled: number;
  readonly annotations: number;
  /** By class: objects, and pictures that have one. */
  readonly classes: readonly {
    readonly name: string;
    readonly index: number;
    readonly objects: number;
    readonly pictures: number;
  }[];
  /** Side of the square with a box's area, as a share of the square with the picture's area, in [0, 1]. */
  readonly boxSizes: Histogram;
  /** Width by height of boxes, as a logarithm to base 2, from -4 to 4. */
  readonly boxAspects: Histogram;
  readonly objectsPerPicture: readonly { readonly objects: number; readonly pictures: number }[];
  /** Middles of boxes over the picture, rows from the top, `side` by `side`. */
  readonly positions: { readonly side: number; readonly counts: readonly number[] };
  /** The commonest picture sizes. */
  readonly imageSizes: readonly { readonly width: number; readonly height: number; readonly pictures: number }[];
  readonly imageAspects: Histogram;
  readonly brightness: Histogram;
  readonly contrast: Histogram;
  /** Of the logarithm to base 10 of sharpness plus one. */
  readonly sharpness: Histogram;
  readonly entropy: Histogram;
  /** By the cameras' clocks, in steps of `unit`; empty where no picture says when it was taken. */
  readonly overTime: {
    readonly unit: 'hour' | 'day' | 'month' | 'year';
    readonly counts: readonly { readonly from: string; readonly pictures: number }[];
  };
  /** Where pictures were taken, in cells of `degrees`; their south-western corners. */
  readonly places: {
    readonly degrees: number;
    readonly cells: readonly { readonly latitude: number; readonly longitude: number; readonly pictures: number }[];
  };
  readonly splits: readonly { readonly name: string; readonly pictures: number }[];
  readonly cameras: readonly { readonly name: string; readonly pictures: number }[];
}

const SIDE = 32;

/** Statistics of the pictures a filter chooses. @throws FoveaError `bad_filter` */
export async function computeStatistics(
  home: Home,
  projectId: number,
  filter: MediaFilter = {},
): Promise<DatasetStatistics> {
  return withMirror(home, projectId, (mirror) =>
    mirror.read(
      (duck) =>
        remember(mirror, 'statistics', filter, () => withFilterSql(duck, filter, () => ofPictures(duck, filter))),
      { embeddings: asksEmbeddings(filter.sql) },
    ),
  );
}

async function ofPictures(duck: DuckDBConnection, filter: MediaFilter): Promise<DatasetStatistics> {
  const { where, values } = compileFilter(filter);
  // Once, and then asked about a dozen times.
  await duck.run(
    `create temp table chosen as select id, width, height, labelled, boxed, annotation_count, split, brightness, contrast, sharpness,
           entropy, taken_at, latitude, longitude, camera_make, camera_model from mirror.media m where ${where}`,
    values as never,
  );
  await duck.run(
    `create temp table boxes as select a.media_id, a.xmin, a.ymin, a.xmax, a.ymax, c.width as w, c.height as h
         from mirror.annotations a join chosen c on c.id = a.media_id where a.xmin is not null`,
  );
  const ask = async (sql: string): Promise<unknown[][]> => (await duck.runAndReadAll(sql)).getRows();
  const histogram = async (expression: string, from: string, low: number, high: number, bins: number) => {
    const rows = await ask(
      `select greatest(0, least(${bins - 1}, floor((n - ${low}) / ${(high - low) / bins})))::integer as bin, count(*)
           from (select (${expression})::double as n from ${from}) where n is not null group by 1`,
    );
    const counts = Array.from({ length: bins }, () => 0);
    for (const [bin, count] of rows) counts[Number(bin)] = Number(count);
    return { edges: Array.from({ length: bins + 1 }, (_, at) => low + ((high - low) * at) / bins), counts };
  };
  const [sums] = await ask(
    `select count(*), count(*) filter (where labelled), (select count(*) from boxes), min(taken_at), max(taken_at),
           epoch(max(taken_at) - min(taken_at)) from chosen`,
  );
  const seconds = sums![5] === null ? null : Number(sums![5]);
  const unit =
    seconds === null || seconds < 3 * 86_400
      ? 'hour'
      : seconds < 200 * 86_400
        ? 'day'
        : seconds < 20 * 365 * 86_400
          ? 'month'
          : 'year';
  const classes = await ask(
    `select c.name, c.index, count(a.media_id), count(distinct a.media_id) from mirror.classes c
         left join (select a.* from mirror.annotations a join chosen m on m.id = a.media_id) a on a.class_index = c.index
         group by 1, 2 order by 2`,
  );
  const perPicture = await ask(
    `select least(50, annotation_count), count(*) from chosen where boxed group by 1 order by 1`,
  );
  const positions = await ask(
    `select greatest(0, least(${SIDE - 1}, floor((ymin + ymax) / 2 / h * ${SIDE})))::integer * ${SIDE}
           + greatest(0, least(${SIDE - 1}, floor((xmin + xmax) / 2 / w * ${SIDE})))::integer, count(*) from boxes group by 1`,
  );
  const cells = Array.from({ length: SIDE * SIDE }, () => 0);
  for (const [at, count] of positions) cells[Number(at)] = Number(count);
  const sizes = await ask('select width, height, count(*) from chosen group by all order by 3 desc, 1, 2 limit 30');
  const times = await ask(
    `select date_trunc('${unit}', taken_at)::varchar, count(*) from chosen where taken_at is not null group by 1 order by 1`,
  );
  const places = await ask(
    `select floor(latitude), floor(longitude), count(*) from chosen where latitude is not null and longitude is not null group by all`,
  );
  const named = async (sql: string) =>
    (await ask(sql)).map(([name, pictures]) => ({ name: String(name), pictures: Number(pictures) }));
  return {
    pictures: Number(sums![0]),
    labelled: Number(sums![1]),
    annotations: Number(sums![2]),
    classes: classes.map(([name, index, objects, pictures]) => ({
      name: String(name),
      index: Number(index),
      objects: Number(objects),
      pictures: Number(pictures),
    })),
    boxSizes: await histogram('sqrt((xmax - xmin) * (ymax - ymin) / (w::double * h))', 'boxes', 0, 1, 40),
    boxAspects: await histogram('log2((xmax - xmin) / nullif(ymax - ymin, 0))', 'boxes', -4, 4, 32),
    objectsPerPicture: perPicture.map(([objects, pictures]) => ({
      objects: Number(objects),
      pictures: Number(pictures),
    })),
    positions: { side: SIDE, counts: cells },
    imageSizes: sizes.map(([width, height, pictures]) => ({
      width: Number(width),
      height: Number(height),
      pictures: Number(pictures),
    })),
    imageAspects: await histogram('log2(width::double / height)', 'chosen', -3, 3, 36),
    brightness: await histogram('brightness', 'chosen', 0, 1, 40),
    contrast: await histogram('contrast', 'chosen', 0, 0.5, 40),
    sharpness: await histogram('log10(sharpness + 1)', 'chosen', 0, 5, 40),
    entropy: await histogram('entropy', 'chosen', 0, 8, 40),
    overTime: {
      unit: unit as 'hour',
      counts: times.map(([from, pictures]) => ({
        from: String(from).replace(' ', 'T'),
        pictures: Number(pictures),
      })),
    },
    places: {
      degrees: 1,
      cells: places.map(([latitude, longitude, pictures]) => ({
        latitude: Number(latitude),
        longitude: Number(longitude),
        pictures: Number(pictures),
      })),
    },
    splits: await named(`select coalesce(split, ''), count(*) from chosen group by 1 order by 2 desc`),
    cameras: await named(
      `select trim(concat_ws(' ', camera_make, camera_model)), count(*) from chosen group by 1 order by 2 desc limit 20`,
    ),
  };
}
