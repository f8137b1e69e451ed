import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { FoveaError } from '@fovea/annotations';
import type { Home } from '@fovea/store';
import type { Split } from '../split.js';
import type { ManifestAnnotation, ManifestPicture } from './picture.js';
import { openScratch, quote, withScratch } from './scratch.js';

/** The canonical lines as DuckDB reads them; lines without `sha256`, as the first, are none. */
const LINE_COLUMNS = `{sha256: 'VARCHAR', name: 'VARCHAR', width: 'INTEGER', height: 'INTEGER', split: 'VARCHAR',
  annotations: 'STRUCT("classIndex" INTEGER, box DOUBLE[], "isCrowd" BOOLEAN, polygons DOUBLE[][], holes DOUBLE[][],
    mask STRUCT(size INTEGER[], counts VARCHAR),
    "rotatedBox" STRUCT(center DOUBLE[], width DOUBLE, height DOUBLE, angle DOUBLE),
    keypoints DOUBLE[], "trackId" VARCHAR)[]',
  "classIndices": 'INTEGER[]', "labelMapSha256": 'VARCHAR', boxed: 'BOOLEAN', "videoSha256": 'VARCHAR',
  "timeSeconds": 'DOUBLE'}`;

/** The columns of a manifest's Parquet file, over {@link LINE_COLUMNS}. */
const PARQUET_COLUMNS = `sha256, name, width, height, split, coalesce(boxed, true) as boxed, "classIndices" as class_indices,
  "labelMapSha256" as label_map_sha256, "videoSha256" as video_sha256, "timeSeconds" as time_seconds,
  list_transform(annotations, lambda a: {
    class_index: a."classIndex", xmin: a.box[1], ymin: a.box[2], xmax: a.box[3], ymax: a.box[4],
    is_crowd: coalesce(a."isCrowd", false), polygons: a.polygons, holes: a.holes,
    mask: case when a.mask is null then null else {height: a.mask.size[1], width: a.mask.size[2], counts: a.mask.counts} end,
    rotated_box: case when a."rotatedBox" is null then null else {center_x: a."rotatedBox".center[1],
      center_y: a."rotatedBox".center[2], width: a."rotatedBox".width, height: a."rotatedBox".height,
      angle: a."rotatedBox".angle} end,
    keypoints: a.keypoints, track_id: a."trackId"}) as annotations`;

/**
 * SQL that makes a row of a manifest the JSON that {@link toPicture} takes; nulls stand for what is left out.
 *
 * @param of - an alias with its dot, where there are several
 */
export function rowAsJson(of = ''): string {
  const plain = [
    'sha256',
    'name',
    'width',
    'height',
    'split',
    'boxed',
    'class_indices',
    'label_map_sha256',
    'video_sha256',
  ];
  const columns = [...plain, 'time_seconds'].map((name) => `to_json(${of}${name})`);
  const box = '[x.class_index, x.xmin, x.ymin, x.xmax, x.ymax, x.is_crowd::integer]';
  return `to_json([${columns.join(', ')}, to_json(list_transform(${of}annotations, lambda x: case
    when x.polygons is null and x.holes is null and x.mask is null and x.rotated_box is null and x.keypoints is null
      and x.track_id is null
    then to_json(${box})
    else to_json({b: ${box}, p: x.polygons, h: x.holes, m: x.mask, r: x.rotated_box, k: x.keypoints, t: x.track_id})
    end))])::varchar`;
}

/** Bytes of JSON in a row group: what DuckDB holds of it at a time, for each thread. */
const GROUP_BYTES = 24 * 2 ** 20;
const MAX_LINE_BYTES = 16 * 2 ** 20;

/** The relation that canonical lines are. @param longest - bytes of the longest line */
function linesRelation(path: string, longest: number): string {
  const most = Math.max(MAX_LINE_BYTES, longest + 1024);
  return `(select ${PARQUET_COLUMNS} from read_json(${quote(path)}, format = 'newline_delimited', columns = ${LINE_COLUMNS},
    maximum_object_size = ${most}, compression = 'uncompressed') where sha256 is not null)`;
}

/** What {@link writeManifest} is given. */
export interface ManifestLines {
  /** The canonical lines. */
  readonly path: string;
  readonly pictures: number;
  readonly sizeBytes: number;
  /** Bytes of the longest line. */
  readonly longest: number;
}

/**
 * Writes canonical lines as a Parquet file: a row for each picture, in the same order.
 *
 * @param metadata - stands in the file under the key `fovea`, as JSON
 */
export async function writeManifest(
  duck: DuckDBConnection,
  lines: ManifestLines,
  target: string,
  metadata: Record<string, unknown>,
): Promise<void> {
  const rows = Math.floor((GROUP_BYTES * lines.pictures) / Math.max(1, lines.sizeBytes));
  const group = Math.min(Math.max(2048, rows), 122_880);
  await duck.run(
    `copy (select * from ${linesRelation(lines.path, lines.longest)}) to ${quote(target)}
      (format parquet, compression zstd, row_group_size ${group}, kv_metadata {fovea: ${quote(JSON.stringify(metadata))}})`,
  );
}

const checked = new WeakMap<Home, Set<string>>();

/**
 * A manifest as a relation of DuckDB, in the columns of its Parquet file. Its bytes are held against their SHA-256, once
 * a process. Manifests from before they were Parquet are JSON lines, and are read as those.
 *
 * @throws FoveaError `damaged_manifest`; StoreError `unknown_blob`
 */
export async function manifestRelation(home: Home, manifestSha256: string): Promise<string> {
  const path = await home.blobs.localPath(manifestSha256);
  const known = checked.get(home) ?? new Set();
  checked.set(home, known);
  if (!known.has(manifestSha256)) {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer);
    if (hash.digest('hex') !== manifestSha256) {
      throw new FoveaError(
        'damaged_manifest',
        `The manifest of the snapshot, ${path}, is damaged: its bytes are not those that were written.`,
        { manifestSha256 },
      );
    }
    known.add(manifestSha256);
  }
  return (await isParquet(path)) ? `read_parquet(${quote(path)})` : linesRelation(path, 64 * 2 ** 20);
}

/** Whether a file is Parquet, by its first bytes. */
export async function isParquet(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return buffer.toString('latin1') === 'PAR1';
  } finally {
    await file.close();
  }
}

/**
 * Has `use` take a manifest as a Parquet file: the stored one, or, of a manifest from before, one that is gone afterwards.
 *
 * @throws FoveaError `damaged_manifest`; StoreError `unknown_blob`
 */
export async function withManifestFile<T>(
  home: Home,
  { manifestSha256 }: { readonly manifestSha256: string },
  use: (path: string) => Promise<T>,
): Promise<T> {
  const relation = await manifestRelation(home, manifestSha256);
  const path = await home.blobs.localPath(manifestSha256);
  if (await isParquet(path)) return use(path);
  return withScratch(home, async ({ duck, file }) => {
    const target = file();
    await duck.run(`copy (select * from ${relation}) to ${quote(target)} (format parquet, compression zstd)`);
    return use(target);
  });
}

/** Which pictures of a manifest are read. */
export interface ManifestRange {
  readonly split?: Split;
  readonly offset?: number;
  readonly limit?: number;
}

/** The pictures of a manifest by SHA-256, a few at a time. */
export async function* streamManifest(
  home: Home,
  manifestSha256: string,
  range: ManifestRange = {},
): AsyncGenerator<ManifestPicture> {
  const { split, offset = 0, limit } = range;
  const relation = await manifestRelation(home, manifestSha256);
  const scratch = await openScratch(home);
  try {
    const where = split === undefined ? '' : `where split = ${quote(split)}`;
    const bounds = `${limit === undefined ? '' : `limit ${Math.trunc(limit)}`} offset ${Math.trunc(offset)}`;
    const result = await scratch.duck.stream(
      `select ${rowAsJson()} from (select * from ${relation} ${where} ${bounds})`,
    );
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      for (const text of chunk.getColumnValues(0)) yield toPicture(JSON.parse(String(text)) as ManifestRow);
    }
  } finally {
    await scratch.close();
  }
}

type Six = readonly [classIndex: number, xmin: number, ymin: number, xmax: number, ymax: number, isCrowd: number];

interface Shaped {
  readonly b: Six;
  readonly p: number[][] | null;
  readonly h: number[][] | null;
  readonly m: { readonly height: number; readonly width: number; readonly counts: string } | null;
  readonly r: {
    readonly center_x: number;
    readonly center_y: number;
    readonly width: number;
    readonly height: number;
    readonly angle: number;
  } | null;
  readonly k: number[] | null;
  readonly t: string | null;
}

/** The JSON of {@link rowAsJson}. */
export type ManifestRow = readonly [
  sha256: string,
  name: string,
  width: number,
  height: number,
  split: Split,
  boxed: boolean,
  classIndices: number[] | null,
  labelMapSha256: string | null,
  videoSha256: string | null,
  timeSeconds: number | null,
  annotations: readonly (Six | Shaped)[] | null,
];

/** A picture from the JSON of {@link rowAsJson}. */
export function toPicture(row: ManifestRow): ManifestPicture {
  const [sha256, name, width, height, split, boxed, classIndices, labelMapSha256, videoSha256, timeSeconds, objects] =
    row;
  return {
    sha256,
    name,
    width,
    height,
    split,
    annotations: (objects ?? []).map(toAnnotation),
    ...(classIndices && { classIndices }),
    ...(labelMapSha256 !== null && { labelMapSha256 }),
    ...(!boxed && { boxed: false as const }),
    ...(videoSha256 !== null && { videoSha256 }),
    ...(timeSeconds !== null && { timeSeconds }),
  };
}

function toAnnotation(object: Six | Shaped): ManifestAnnotation {
  const shaped = 'b' in object ? object : undefined;
  const [classIndex, xmin, ymin, xmax, ymax, isCrowd] = 'b' in object ? object.b : object;
  const plain = { classIndex, box: [xmin, ymin, xmax, ymax] as const, ...(isCrowd === 1 && { isCrowd: true }) };
  if (shaped === undefined) return plain;
  const { p, h, m, r, k, t } = shaped;
  return {
    ...plain,
    ...(p && { polygons: p }),
    ...(h && { holes: h }),
    ...(m && { mask: { size: [m.height, m.width] as const, counts: m.counts } }),
    ...(r && {
      rotatedBox: { center: [r.center_x, r.center_y] as const, width: r.width, height: r.height, angle: r.angle },
    }),
    ...(k && { keypoints: k }),
    ...(t !== null && { trackId: t }),
  };
}
