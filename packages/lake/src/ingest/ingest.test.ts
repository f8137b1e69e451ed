import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pngOf } from '@fovea/formats/testing';
import { type Home, openHome } from '@fovea/store';
import { openTestHome, type TestHome } from '@fovea/store/testing';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeMedia } from '../change-media.js';
import { importPicture } from '../import.js';
import { getProject } from '../project.js';
import { runQuery } from '../query/sql.js';
import { rebuildLake } from '../rebuild.js';
import { openSource } from '../sources/index.js';
import { type IngestOptions, ingest, watchSource } from './ingest.js';

const INGEST = fileURLToPath(new URL('../fixtures/ingest-folder.js', import.meta.url));
const shared = resolve(process.env.FOVEA_SHARED ?? fileURLToPath(new URL('../../../../../shared', import.meta.url)));

let test: TestHome;
let home: Home;
let root: string;

beforeAll(async () => {
  test = await openTestHome();
  home = test.home;
  root = await mkdtemp(join(tmpdir(), 'fovea-ingest-'));
});

afterAll(async () => {
  await test.remove();
  await rm(root, { recursive: true, force: true });
});

async function folderOf(name: string, files: Record<string, Uint8Array>): Promise<string> {
  const folder = join(root, name);
  for (const [file, bytes] of Object.entries(files)) {
    await mkdir(join(folder, file, '..'), { recursive: true });
    await writeFile(join(folder, file), bytes);
  }
  return folder;
}

async function take(project: string, spec: string, options: IngestOptions & { allowPrivate?: boolean } = {}) {
  const { allowPrivate = false, ...rest } = options;
  const source = await openSource(spec, { tmpFolder: join(home.path, 'tmp'), allowPrivate });
  try {
    return await ingest(home, project, source, rest);
  } finally {
    await source.close();
  }
}

const counts = async (project: string) =>
  (
    await home.pool.query<{ media: number; facts: number; sources: number }>(
      `select count(distinct m.id)::integer as media, count(f.sha256)::integer as facts,
       (select count(*)::integer from fovea.sources s where s.project_id = p.id) as sources
     from fovea.projects p left join fovea.media m on m.project_id = p.id left join fovea.facts f on f.sha256 = m.sha256
     where p.name = $1 group by p.id`,
      [project],
    )
  ).rows[0];

describe('ingest', () => {
  it('takes each picture once, says what is broken with its path, and looks at nothing twice', async () => {
    const folder = await folderOf('mixed', {
      'a.png': pngOf(1),
      'deep/er/b.png': pngOf(2),
      'twin of a.png': pngOf(1),
      'cut off.png': pngOf(3).subarray(0, 900),
      'no picture.jpg': Buffer.from('text'),
      'labels.csv': Buffer.from('image,xmin'),
      'ünïcode ☃ نص 😀\n.png': pngOf(4),
    });
    const first = await take('mixed', folder);
    expect(first).toMatchObject({
      ingested: 3,
      duplicates: 1,
      unchanged: 0,
      skipped: 2,
      ignored: { csv: 1 },
      stopped: false,
    });
    expect(first.problems.map(({ file }) => file).sort()).toEqual([
      join(folder, 'cut off.png'),
      join(folder, 'no picture.jpg'),
    ]);
    expect(await counts('mixed')).toEqual({ media: 3, facts: 3, sources: 6 });

    const again = await take('mixed', folder);
    expect(again).toMatchObject({ ingested: 0, duplicates: 4, unchanged: 4, skipped: 2 });
    const sorted = (report: typeof first) => [...report.problems].sort((a, b) => (a.file < b.file ? -1 : 1));
    expect(sorted(again)).toEqual(sorted(first));

    // A file of other bytes under the same name is another picture; the one before stays.
    await writeFile(join(folder, 'a.png'), pngOf(5));
    await writeFile(join(folder, 'no picture.jpg'), pngOf(6));
    expect(await take('mixed', folder)).toMatchObject({ ingested: 2, duplicates: 3, unchanged: 3, skipped: 1 });
    expect((await counts('mixed'))!.media).toBe(5);
  });

  it('reads bytes that another project has only to find out that it has them', async () => {
    const folder = await folderOf('shared bytes', { 'a.png': pngOf(20), 'b.png': pngOf(21) });
    await take('one', folder);
    expect(await take('two', folder)).toMatchObject({ ingested: 2, duplicates: 0 });
    const { rows } = await home.pool.query(
      'select count(*)::integer as n from fovea.facts f join fovea.media m using (sha256) join fovea.projects p on p.id = m.project_id where p.name in ($1, $2)',
      ['one', 'two'],
    );
    expect(rows[0]).toEqual({ n: 4 });
  });

  it('leaves out what a person took out, until it is brought from elsewhere', async () => {
    const folder = await folderOf('taken out', { 'a.png': pngOf(30), 'b.png': pngOf(31) });
    await take('out', folder);
    await changeMedia(home, 'out', { search: 'a.png' }, { kind: 'remove' });
    expect(await take('out', folder)).toMatchObject({ ingested: 0, duplicates: 2 });
    expect((await getProject(home, 'out')).counts.media).toBe(1);
    await importPicture(home, 'out', { bytes: pngOf(30), name: 'again.png' });
    expect((await getProject(home, 'out')).counts.media).toBe(2);
  });

  it('takes an archive, and the same archive again without decoding', async () => {
    const archive = join(root, 'pictures.tar');
    const tar = pack();
    for (let n = 0; n < 20; n++) tar.entry({ name: `p${n}.png` }, pngOf(40 + n));
    tar.entry({ name: '../climbs.png' }, pngOf(99));
    tar.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of tar) chunks.push(chunk as Buffer);
    await writeFile(archive, Buffer.concat(chunks));
    const report = await take('archive', archive);
    expect(report).toMatchObject({ ingested: 20, skipped: 1 });
    expect(report.problems).toHaveLength(1);
    expect(await take('archive', archive)).toMatchObject({ ingested: 0, duplicates: 20 });
  });

  it('fetches from a URL where that is allowed, and from private addresses only when told to', async () => {
    const server = createServer((_, response) => {
      response.setHeader('Content-Type', 'image/png');
      response.end(pngOf(70));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/p.png`;
    await expect(take('url', url)).rejects.toMatchObject({ code: 'private_address' });
    expect(await take('url', url, { allowPrivate: true })).toMatchObject({ ingested: 1 });
    server.close();
  });

  it('stopped by its signal says so, and the same again does the rest', async () => {
    const folder = await folderOf(
      'stopped',
      Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`${n}.png`, pngOf(1000 + n)])),
    );
    const stop = new AbortController();
    const report = await take('stopped', folder, { signal: stop.signal, onProgress: () => stop.abort() });
    expect(report.stopped).toBe(true);
    expect(report.ingested).toBeLessThan(300);
    expect((await counts('stopped'))!.media).toBe(report.ingested);
    expect(await take('stopped', folder)).toMatchObject({
      ingested: 300 - report.ingested,
      duplicates: report.ingested,
    });
  });

  it('twice at once on one folder does each picture once', async () => {
    const folder = await folderOf(
      'at once',
      Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`${n}.png`, pngOf(2000 + n)])),
    );
    const other = await openHome(test.path, { databaseUrl: null });
    const run = async (of: Home) => {
      const source = await openSource(folder, { tmpFolder: join(of.path, 'tmp') });
      return ingest(of, 'at once', source).finally(() => source.close());
    };
    const [a, b] = await Promise.all([run(home), run(other)]);
    await other.close();
    expect(a.ingested + b.ingested).toBe(200);
    expect([a.problems, b.problems]).toEqual([[], []]);
    expect(await counts('at once')).toEqual({ media: 200, facts: 200, sources: 200 });
  });

  it('killed at any moment loses nothing it said was saved, and is completed by the next', async () => {
    const total = 240;
    const folder = await folderOf(
      'killed',
      Object.fromEntries(Array.from({ length: total }, (_, n) => [`${n}.png`, pngOf(3000 + n)])),
    );
    let most = 0;
    let interrupted = 0;
    for (let round = 0; round < 5; round++) {
      const child = spawn(process.execPath, [INGEST, test.path, 'killed', folder], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(child, 'exit');
      const lines = createInterface(child.stdout);
      let saved = 0;
      lines.on('line', (line) => {
        saved = Number(/^saved (\d+)$/.exec(line)?.[1] ?? saved);
      });
      await once(lines, 'line');
      await sleep(150 + Math.random() * 900);
      child.kill('SIGKILL');
      await ended;
      if (saved < total) interrupted++;
      most = Math.max(most, saved);
      const { rows } = await home.pool.query<{ sha256: string; known: boolean }>(
        `select m.sha256, f.sha256 is not null as known from fovea.media m join fovea.projects p on p.id = m.project_id
         left join fovea.facts f on f.sha256 = m.sha256 where p.name = 'killed'`,
      );
      expect(rows.length).toBeGreaterThanOrEqual(most);
      for (const { sha256, known } of rows) {
        expect(known).toBe(true);
        expect(
          createHash('sha256')
            .update(await home.blobs.read(sha256))
            .digest('hex'),
        ).toBe(sha256);
      }
    }
    expect(interrupted).toBeGreaterThan(0);
    const rest = await take('killed', folder);
    expect(rest.ingested + rest.duplicates).toBe(total);
    expect(rest.problems).toEqual([]);
    expect(await counts('killed')).toEqual({ media: total, facts: total, sources: total });
  });

  it('keeps a folder in step: what comes, changes and goes', async () => {
    const folder = await folderOf('watched', { 'a.png': pngOf(80), 'b.png': pngOf(81) });
    const stop = new AbortController();
    const source = await openSource(folder, { tmpFolder: join(home.path, 'tmp') });
    let onReady = () => {};
    const ready = new Promise<void>((tell) => {
      onReady = tell;
    });
    const watching = watchSource(home, 'watched', source, { signal: stop.signal, onReady: () => onReady() });
    await ready;
    const until = async (isSo: () => Promise<boolean>) => {
      for (let round = 0; round < 200; round++) {
        if (await isSo()) return;
        await sleep(100);
      }
      expect.unreachable('the watch saw nothing for twenty seconds');
    };
    expect((await counts('watched'))!.media).toBe(2);
    await writeFile(join(folder, 'c.png'), pngOf(82));
    await until(async () => (await counts('watched'))!.media === 3);
    await rename(join(folder, 'a.png'), join(root, 'elsewhere.png'));
    const gone = async () =>
      (
        await home.pool.query('select location from fovea.sources where gone_at is not null and location like $1', [
          `${folder}%`,
        ])
      ).rows;
    await until(async () => (await gone()).length === 1);
    stop.abort();
    const report = await watching;
    await source.close();
    expect(report).toMatchObject({ ingested: 3, gone: 1 });
    // The picture of the file that went stays.
    expect((await counts('watched'))!.media).toBe(3);
  });

  it('is rebuilt to what it was: facts, and the tables that answer questions', async () => {
    const { id } = await getProject(home, 'mixed');
    const all = async () => (await runQuery(home, id, 'select * exclude (id) from media order by sha256')).rows;
    const before = await all();
    await home.pool.query(
      'delete from fovea.facts f using fovea.media m where m.sha256 = f.sha256 and m.project_id = $1',
      [id],
    );
    expect(await all()).not.toEqual(before);
    expect(await rebuildLake(home, { project: 'mixed' })).toMatchObject({ mirrors: 1, facts: 5, failed: 0 });
    expect(await all()).toEqual(before);
    expect(await rebuildLake(home, { project: 'mixed', facts: true })).toMatchObject({ facts: 5 });
    expect(await all()).toEqual(before);
  });
});

describe.skipIf(!existsSync(join(shared, 'data')))('on the shared data (skipped where it is absent)', () => {
  it('reads every hostile picture or tells why not, and each once', async () => {
    const folder = join(shared, 'data', 'hostile');
    const report = await take('hostile', folder);
    const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    const others = Object.values(report.ignored).reduce((sum, count) => sum + count, 0);
    expect(report.ingested + report.duplicates + report.skipped + others).toBe(files.length);
    expect(report.problems).toHaveLength(report.skipped);
    expect(new Set(report.problems.map(({ file }) => file)).size).toBe(report.problems.length);
    expect(report.ingested).toBeGreaterThan(200);
    expect(await take('hostile', folder)).toMatchObject({ ingested: 0, skipped: report.skipped });
  });

  it('reads what cameras wrote, cut off and with bytes turned, without a wrong row', async () => {
    const folder = join(shared, 'data', 'exif', 'jpg');
    const names = (await readdir(folder, { recursive: true })).filter((name) => /\.jpe?g$/i.test(name)).slice(0, 25);
    const files: Record<string, Uint8Array> = {};
    let state = 7;
    const random = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state % below;
    };
    for (const [at, name] of names.entries()) {
      const bytes = await readFile(join(folder, name));
      files[`${at}-cut.jpg`] = bytes.subarray(0, random(bytes.length));
      const turned = Buffer.from(bytes);
      for (let n = 0; n < 20; n++) turned[random(turned.length)] = random(256);
      files[`${at}-turned.jpg`] = turned;
    }
    const report = await take('fuzzed', await folderOf('fuzzed', files));
    expect(report.ingested + report.duplicates + report.skipped).toBe(2 * names.length);
    const { id } = await getProject(home, 'fuzzed');
    const { rows } = await runQuery(
      home,
      id,
      `select count(*) from media where not (width > 0 and height > 0 and brightness between 0 and 1)`,
    );
    expect(rows).toEqual([[0]]);
  });
});
