import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import * as routes from '@fovea/api/routes';
import type { FormatName } from '@fovea/formats';
import {
  changeMedia,
  computeStatistics,
  countFacets,
  exportArchive,
  exportQuery,
  getMediaFacts,
  listAspects,
  projectIdOf,
  runQuery,
  selectionSql,
  selectMedia,
  undoAction,
} from '@fovea/lake';
import { parseSort } from '../parse-sort.js';
import type { Services } from '../services.js';
import { createRouter } from './router.js';

const fileTypes = {
  parquet: 'application/vnd.apache.parquet',
  csv: 'text/csv; charset=utf-8',
  jsonl: 'application/x-ndjson',
} as const;

/** Questions about all pictures of a project, and what is done to many of them at once. */
export function lakeRoutes({ home, closing }: Services) {
  return createRouter()
    .openapi(routes.getMediaFacts, async (c) => {
      const { project, sha256 } = c.req.valid('param');
      const known = await getMediaFacts(home, project, sha256);
      return c.json(
        {
          ...known,
          predictions: known.predictions.map((each) => ({
            ...each,
            box: each.box && ([...each.box] as typeof each.box),
          })),
          sources: known.sources.map(({ location, seenAt, goneAt }) => ({
            location,
            seenAt: seenAt.toISOString(),
            gone: goneAt !== null,
          })),
          snapshots: [...known.snapshots],
        } as never,
        200,
      );
    })
    .openapi(routes.getMediaLayout, async (c) => {
      const { sort, ...query } = c.req.valid('query');
      const aspects = await listAspects(home, c.req.valid('param').project, {
        ...routes.toMediaFilter(query),
        sort: parseSort(sort),
      });
      const body = new Uint8Array(aspects.buffer as ArrayBuffer, aspects.byteOffset, aspects.byteLength);
      return c.body(body, 200, { 'Content-Type': 'application/octet-stream' }) as never;
    })
    .openapi(routes.getFacets, async (c) => {
      const id = await projectIdOf(home, c.req.valid('param').project);
      return c.json((await countFacets(home, id, routes.toMediaFilter(c.req.valid('query')))) as never, 200);
    })
    .openapi(routes.getStatistics, async (c) => {
      const id = await projectIdOf(home, c.req.valid('param').project);
      return c.json((await computeStatistics(home, id, routes.toMediaFilter(c.req.valid('query')))) as never, 200);
    })
    .openapi(routes.changeMedia, async (c) => {
      const { filter, action } = c.req.valid('json');
      return c.json(await changeMedia(home, c.req.valid('param').project, routes.toMediaFilter(filter), action), 200);
    })
    .openapi(routes.undoAction, async (c) => {
      const { project, action } = c.req.valid('param');
      return c.json({ changed: await undoAction(home, project, action) }, 200);
    })
    .openapi(routes.queryLake, async (c) => {
      const id = await projectIdOf(home, c.req.valid('param').project);
      const { sql, maxRows, timeoutSeconds } = c.req.valid('json');
      const signal = AbortSignal.any([c.req.raw.signal, closing]);
      return c.json((await runQuery(home, id, sql, { maxRows, timeoutSeconds, signal })) as never, 200);
    })
    .openapi(routes.exportLake, async (c) => {
      const { project } = c.req.valid('param');
      const id = await projectIdOf(home, project);
      const { sql, filter, sort, format, timeoutSeconds } = c.req.valid('json');
      const signal = AbortSignal.any([c.req.raw.signal, closing]);
      const chosen = filter && routes.toMediaFilter(filter);
      // Its SQL is looked at where pictures are chosen by it, and only then becomes a part of more.
      if (chosen?.sql !== undefined) await selectMedia(home, id, chosen);
      const question = sql ?? selectionSql(chosen ?? {}, parseSort(sort));
      const rows = (file: string) =>
        // Opened before the file's name goes: what is read is whole.
        open(file).then((handle) => createReadStream('', { fd: handle, autoClose: true }));
      const stream = await exportQuery(home, id, question, format, rows, { timeoutSeconds, signal });
      return c.body(Readable.toWeb(stream) as ReadableStream<Uint8Array>, 200, {
        'Content-Type': fileTypes[format],
        'Content-Disposition': `attachment; filename="result.${format}"`,
      }) as never;
    })
    .openapi(routes.exportDataset, async (c) => {
      const { project } = c.req.valid('param');
      const { format, snapshot } = c.req.valid('query');
      const { archive } = await exportArchive(home, project, {
        format: format as FormatName,
        ...(snapshot !== undefined && { snapshot }),
        signal: AbortSignal.any([c.req.raw.signal, closing]),
      });
      const name = encodeURIComponent(`${project}${snapshot === undefined ? '' : `-${snapshot}`}-${format}.tar`);
      return c.body(Readable.toWeb(archive) as ReadableStream<Uint8Array>, 200, {
        'Content-Type': 'application/x-tar',
        'Content-Disposition': `attachment; filename*=UTF-8''${name}`,
      }) as never;
    });
}
