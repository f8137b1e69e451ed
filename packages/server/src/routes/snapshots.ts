import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import * as routes from '@fovea/api/routes';
import {
  compareSnapshots,
  createSnapshot,
  deleteSnapshot,
  findSnapshot,
  getSnapshot,
  listDifference,
  listSnapshots,
  loadManifest,
  withManifestFile,
} from '@fovea/lake';
import { presentComparison, presentPicture, presentSnapshot } from '../present-snapshot.js';
import type { Services } from '../services.js';
import { createRouter } from './router.js';

/** Snapshots of projects: made, read, compared, deleted. */
export function snapshotRoutes({ home, closing }: Services) {
  const find = ({ project, snapshot }: { project: string; snapshot: string }) => findSnapshot(home, project, snapshot);
  const findPair = async (params: { project: string; snapshot: string; later: string }) =>
    [(await find(params)).id, (await find({ ...params, snapshot: params.later })).id] as const;

  return createRouter()
    .openapi(routes.listSnapshots, async (c) =>
      c.json({ snapshots: (await listSnapshots(home, c.req.valid('param').project)).map(presentSnapshot) }, 200),
    )
    .openapi(routes.createSnapshot, async (c) => {
      const { filter, ...options } = c.req.valid('json');
      const signal = AbortSignal.any([c.req.raw.signal, closing]);
      const chosen = filter && { filter: routes.toMediaFilter(filter) };
      const snapshot = await createSnapshot(home, c.req.valid('param').project, { ...options, ...chosen, signal });
      return c.json({ ...presentSnapshot(snapshot), isNew: snapshot.isNew }, 201);
    })
    .openapi(routes.getSnapshot, async (c) => {
      const { runs, ...snapshot } = await getSnapshot(home, (await find(c.req.valid('param'))).id);
      const shown = runs.map((run) => ({ ...run, createdAt: run.createdAt.toISOString() }));
      return c.json({ ...presentSnapshot(snapshot), runs: shown }, 200);
    })
    .openapi(routes.deleteSnapshot, async (c) => {
      const { id } = await find(c.req.valid('param'));
      return c.json(presentSnapshot(await deleteSnapshot(home, id)), 200);
    })
    .openapi(routes.listSnapshotPictures, async (c) => {
      const snapshot = await find(c.req.valid('param'));
      const { split, offset, limit } = c.req.valid('query');
      const pictures = await loadManifest(home, snapshot, { offset, limit, ...(split && { split }) });
      const total = snapshot.counts[split ?? 'media'];
      return c.json({ total, pictures: pictures.map(presentPicture) }, 200);
    })
    .openapi(routes.getSnapshotManifest, async (c) => {
      const snapshot = await find(c.req.valid('param'));
      const etag = `"${snapshot.id}-${snapshot.manifestSha256.slice(0, 16)}"`;
      c.header('ETag', etag);
      c.header('Cache-Control', 'private, max-age=31536000, immutable');
      if (c.req.header('if-none-match') === etag) return c.body(null, 304) as never;
      // Opened before the file's name may go.
      const file = await withManifestFile(home, snapshot, (path) => open(path));
      const name = `${snapshot.project}-${snapshot.name}.parquet`;
      return c.body(Readable.toWeb(file.createReadStream()) as ReadableStream<Uint8Array>, 200, {
        'Content-Type': 'application/vnd.apache.parquet',
        'Content-Length': String((await file.stat()).size),
        'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name)}`,
      }) as never;
    })
    .openapi(routes.compareSnapshots, async (c) => {
      const [before, after] = await findPair(c.req.valid('param'));
      return c.json(presentComparison(await compareSnapshots(home, before, after)), 200);
    })
    .openapi(routes.listSnapshotDifference, async (c) => {
      const [before, after] = await findPair(c.req.valid('param'));
      const { class: className, ...query } = c.req.valid('query');
      const options = { ...query, ...(className !== undefined && { className }) };
      const { total, pictures } = await listDifference(home, before, after, options);
      const shown = pictures.map((picture) => ({ ...picture, objects: picture.objects.map((each) => ({ ...each })) }));
      return c.json({ total, pictures: shown }, 200);
    });
}
