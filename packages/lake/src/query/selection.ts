import type { DuckDBConnection, DuckDBDoubleVector } from '@duckdb/node-api';
import { FoveaError, SORT_FIELDS, type SortField } from '@fovea/annotations';
import type { Home } from '@fovea/store';
import { withMirror } from '../mirror/mirrors.js';
import { compileFilter, type MediaFilter } from './filter.js';
import { remember } from './remember.js';
import { asksEmbeddings, withFilterSql } from './sql.js';

/** An order of pictures. What has no value comes last, equal ones as they came in. */
export interface MediaSort {
  readonly by: SortField;
  readonly descending?: boolean;
}

/** The pictures a filter chooses, in an order: what pages are cut from. */
export interface Selection {
  /** Rows of `fovea.media`, all of them. */
  readonly ids: Float64Array;
  /** Width by height of each, in the same order. */
  readonly aspects: Float32Array;
}

const columns: Readonly<Record<MediaSort['by'], string>> = {
  added: 'm.id',
  name: 'm.name',
  taken: 'm.taken_at',
  annotations: 'm.annotation_count',
  confidence: 'm.max_confidence',
  brightness: 'm.brightness',
  contrast: 'm.contrast',
  sharpness: 'm.sharpness',
  entropy: 'm.entropy',
  megapixels: 'm.width::bigint * m.height',
  sizeBytes: 'm.size_bytes',
  random: `hash(m.sha256)`,
};

/**
 * The pictures a filter chooses. Asked again while nothing changed, as by one page after another, it is answered from
 * memory: twelve bytes a picture, for the last few filters.
 *
 * @throws FoveaError `bad_filter`, `bad_sort`
 */
export async function selectMedia(
  home: Home,
  projectId: number,
  filter: MediaFilter = {},
  sort: MediaSort = { by: 'added' },
): Promise<Selection> {
  if (!SORT_FIELDS.includes(sort.by)) {
    throw new FoveaError('bad_sort', `Pictures are sorted by ${SORT_FIELDS.join(', ')}, not by "${sort.by}".`, {
      sort: sort.by,
      known: SORT_FIELDS,
    });
  }
  return withMirror(home, projectId, (mirror) =>
    mirror.read(
      (duck) =>
        remember(mirror, 'selection', [filter, sort], () =>
          withFilterSql(duck, filter, () => computeSelection(duck, filter, sort)),
        ),
      { embeddings: asksEmbeddings(filter.sql) },
    ),
  );
}

/** An order of pictures as SQL over `m`, rows of `mirror.media`. */
function orderOf(sort: MediaSort): string {
  return `${columns[sort.by]} ${sort.descending ? 'desc' : 'asc'} nulls last, m.id`;
}

/**
 * The pictures a filter chooses as a SELECT to export: all that the mirror knows of each, with its tags and its labels.
 * The filter's own SQL must be one SELECT, see `withFilterSql`.
 *
 * @throws FoveaError `bad_filter`
 */
export function selectionSql(filter: MediaFilter, sort: MediaSort = { by: 'added' }): string {
  const { where } = compileFilter(filter, undefined, true);
  return `select m.* exclude (id),
    (select list(t.tag order by t.tag) from mirror.tags t where t.media_id = m.id) as tags,
    (select list({class: c.name, kind: a.kind, xmin: a.xmin, ymin: a.ymin, xmax: a.xmax, ymax: a.ymax} order by a.id)
      from mirror.annotations a join mirror.classes c on c.index = a.class_index where a.media_id = m.id) as labels
    from mirror.media m where ${where} order by ${orderOf(sort)}`;
}

async function computeSelection(duck: DuckDBConnection, filter: MediaFilter, sort: MediaSort): Promise<Selection> {
  const { where, values } = compileFilter(filter);
  const result = await duck.stream(
    `select m.id::double as id, m.width::double / m.height as aspect from mirror.media m where ${where} order by ${orderOf(sort)}`,
    values as never,
  );
  const parts: { ids: Float64Array; aspects: Float64Array }[] = [];
  let count = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    const [ids, aspects] = [chunk.getColumnVector(0), chunk.getColumnVector(1)] as [
      DuckDBDoubleVector,
      DuckDBDoubleVector,
    ];
    parts.push({ ids: itemsOf(ids), aspects: itemsOf(aspects) });
    count += chunk.rowCount;
  }
  const selection = { ids: new Float64Array(count), aspects: new Float32Array(count) };
  let at = 0;
  for (const { ids, aspects } of parts) {
    selection.ids.set(ids, at);
    selection.aspects.set(aspects, at);
    at += ids.length;
  }
  return selection;
}

/** A column's numbers at once: the vector has them side by side, though its type does not say so. */
function itemsOf(vector: DuckDBDoubleVector): Float64Array {
  const { items } = vector as unknown as { items?: unknown };
  if (items instanceof Float64Array && items.length === vector.itemCount) return items.slice();
  return Float64Array.from({ length: vector.itemCount }, (_, at) => vector.getItem(at) ?? Number.NaN);
}
