import { mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Home } from '@fovea/store';
import { isParquet, type ManifestRow, manifestRelation, rowAsJson, toPicture } from './manifest-file.js';
import { compareLabels } from './match.js';
import { quote, type Scratch } from './scratch.js';

/** Where comparisons are kept, below the home: they are of what never changes. */
export const COMPARISONS_FOLDER = join('cache', 'comparisons');

/** The layout of the file; one of another is made anew. */
const LAYOUT = 1;

/** The snapshots a comparison's file is of, by its name; undefined where it is none. */
export function snapshotsOfComparison(name: string): readonly [string, string] | undefined {
  const [, a, b, layout] = /^([0-9a-f]+)-([0-9a-f]+)-(\d+)\.parquet$/.exec(name) ?? [];
  return a === undefined || b === undefined || Number(layout) !== LAYOUT ? undefined : [a, b];
}

/** A snapshot as far as a comparison needs it. */
export interface Compared {
  readonly id: string;
  readonly manifestSha256: string;
  readonly classNames: readonly string[];
}

/**
 * The pictures in which two snapshots differ, as a relation of DuckDB: `sha256`, `name`, `change` (added, removed,
 * changed), `split_a`, `split_b`, `labels_changed`, and `objects`, a list of what became of objects. Computed once, and
 * kept in the home's cache.
 */
export async function differenceRelation(home: Home, scratch: Scratch, a: Compared, b: Compared): Promise<string> {
  const path = join(home.path, COMPARISONS_FOLDER, `${a.id}-${b.id}-${LAYOUT}.parquet`);
  const known = await stat(path).catch(() => undefined);
  // A power cut can leave a file without its bytes.
  if (!known?.isFile() || known.size === 0 || !(await isParquet(path))) {
    const target = scratch.file();
    await writeDifference(home, scratch, a, b, target);
    await mkdir(dirname(path), { recursive: true });
    await rename(target, path);
  }
  return `read_parquet(${quote(path)})`;
}

const CHANGED_COLUMNS = `{sha256: 'VARCHAR', objects: 'STRUCT(kind VARCHAR, class VARCHAR, was VARCHAR, n INTEGER)[]'}`;

async function writeDifference(home: Home, scratch: Scratch, a: Compared, b: Compared, target: string): Promise<void> {
  const { duck, file } = scratch;
  const [ofA, ofB] = [await manifestRelation(home, a.manifestSha256), await manifestRelation(home, b.manifestSha256)];
  const lines = file();
  await matchChanged(duck, ofA, ofB, a, b, lines);
  const named = (names: readonly string[]) => `[${names.map(quote).join(', ')}]::varchar[]`;
  const whole = (kind: string, of: string, names: readonly string[]) =>
    `list_transform(${of}.annotations, lambda x: {kind: ${quote(kind)}, class: list_extract(${named(names)}, x.class_index + 1), was: null::varchar, n: 1})`;
  await duck.run(
    `copy (
      with a as (select * from ${ofA}), b as (select * from ${ofB}),
        matched as (select * from read_json(${quote(lines)}, format = 'newline_delimited', columns = ${CHANGED_COLUMNS},
          compression = 'uncompressed', maximum_object_size = 67108864))
      select coalesce(a.sha256, b.sha256) as sha256, coalesce(b.name, a.name) as name,
        case when a.sha256 is null then 'added' when b.sha256 is null then 'removed' else 'changed' end as change,
        a.split as split_a, b.split as split_b,
        a.sha256 is not null and b.sha256 is not null and (matched.sha256 is not null
          or a.label_map_sha256 is distinct from b.label_map_sha256) as labels_changed,
        a.sha256 is not null and b.sha256 is not null and a.label_map_sha256 is distinct from b.label_map_sha256 as label_map_changed,
        case when a.sha256 is null then ${whole('added', 'b', b.classNames)}
          when b.sha256 is null then ${whole('removed', 'a', a.classNames)}
          else matched.objects end as objects
      from a full join b on a.sha256 = b.sha256 left join matched on matched.sha256 = b.sha256
      where a.sha256 is null or b.sha256 is null or a.split is distinct from b.split or matched.sha256 is not null
        or a.label_map_sha256 is distinct from b.label_map_sha256
      order by sha256
    ) to ${quote(target)} (format parquet, compression zstd)`,
  );
}

/** Writes a line for each picture whose labels differ: only those come out of DuckDB, a few at a time. */
async function matchChanged(
  duck: DuckDBConnection,
  ofA: string,
  ofB: string,
  a: Compared,
  b: Compared,
  lines: string,
): Promise<void> {
  const sameClasses = a.classNames.every((name, at) => b.classNames[at] === undefined || b.classNames[at] === name);
  const differs = sameClasses
    ? `a.annotations is distinct from b.annotations or a.class_indices is distinct from b.class_indices or a.boxed <> b.boxed`
    : 'true';
  const result = await duck.stream(
    `select ${rowAsJson('a.')}, ${rowAsJson('b.')} from ${ofA} a join ${ofB} b on a.sha256 = b.sha256 where ${differs}`,
  );
  const file = await open(lines, 'wx', 0o600);
  try {
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      const [before, after] = [chunk.getColumnValues(0), chunk.getColumnValues(1)];
      const changed: string[] = [];
      before.forEach((text, at) => {
        const [was, is] = [text, after[at]].map((json) => toPicture(JSON.parse(String(json)) as ManifestRow));
        const objects = compareLabels(was!, is!, a.classNames, b.classNames);
        if (objects) changed.push(`${JSON.stringify({ sha256: was!.sha256, objects })}\n`);
      });
      await file.appendFile(changed.join(''));
    }
  } finally {
    await file.close();
  }
}
