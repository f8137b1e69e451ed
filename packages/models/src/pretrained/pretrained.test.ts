import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { catalogue, findEntry, requireEntry } from './catalogue.js';
import { cityscapesClasses, cocoClasses, pascalClasses } from './class-lists.js';
import { fetchPretrained } from './fetch.js';
import { loadPretrained, modelFolders } from './locate.js';
import { openPretrainedSource } from './source.js';

const models = join(process.env.FOVEA_SHARED ?? join(import.meta.dirname, '../../../../../shared'), 'models');
const present = existsSync(models);
if (!present) console.warn(`The catalogue is not held against files: ${models} is not there.`);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fovea-pretrained-'));
  return () => rm(folder, { recursive: true, force: true });
});

describe('the catalogue', () => {
  it('tells every model by one name, one file and one digest', () => {
    for (const key of ['name', 'file', 'sha256'] as const)
      expect(new Set(catalogue.map((entry) => entry[key])).size, key).toBe(catalogue.length);
    for (const { sha256, url, licence, cut, input } of catalogue) {
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      // A commit, so that the bytes cannot change under the address.
      if (url) expect(new URL(url).href).toMatch(/^https:.*\/[0-9a-f]{40}\//);
      expect(licence).not.toBe('');
      if (cut) expect(input).toBeDefined();
    }
    expect([cocoClasses.length, cityscapesClasses.length, pascalClasses.length]).toEqual([80, 19, 21]);
    expect(findEntry('yolox_nano.onnx')).toBe(requireEntry('yolox_nano'));
    expect(() => requireEntry('yolox')).toThrow(
      expect.objectContaining({ code: 'unknown_pretrained', message: expect.stringContaining('yolox_nano') }),
    );
  });

  it.skipIf(!present)('has the size and digest of every file at hand', async () => {
    const files = new Set(await readdir(models));
    const known = catalogue.filter(({ file }) => files.has(file));
    expect(known.length).toBe([...files].filter((file) => file.endsWith('.onnx')).length);
    for (const entry of known) {
      const { bytes } = await loadPretrained(entry, [models]);
      expect(bytes.length).toBe(entry.sizeBytes);
    }
  });
});

describe('looking for a pretrained model', () => {
  it('goes through the folders in order, and says where it looked and how to get it', async () => {
    const before = process.env.FOVEA_MODEL_PATH;
    process.env.FOVEA_MODEL_PATH = ['/one', '/two'].join(delimiter);
    expect(modelFolders(['/home/models', '/one'])).toEqual(['/one', '/two', '/home/models']);
    if (before === undefined) delete process.env.FOVEA_MODEL_PATH;
    else process.env.FOVEA_MODEL_PATH = before;
    await expect(loadPretrained(requireEntry('yolox_nano'), ['/nowhere', folder])).rejects.toMatchObject({
      code: 'pretrained_missing',
      message: expect.stringMatching(/\/nowhere, .*3\.7 MB from raw\.githubusercontent\.com.*FOVEA_MODEL_PATH/),
    });
    await expect(loadPretrained(requireEntry('mobilenet_v2'), [])).rejects.toMatchObject({
      message: expect.stringContaining('cannot be downloaded'),
    });
  });

  it('refuses a file of the name with other bytes', async () => {
    await writeFile(join(folder, 'yolox_nano.onnx'), 'other');
    await expect(openPretrainedSource('yolox_nano', { folders: [folder] })).rejects.toMatchObject({
      code: 'pretrained_altered',
    });
  });
});

describe('downloading', () => {
  let server: Server;
  let base: string;
  let answer: RequestListener;
  let asked: string[];
  // A small model that stands in: what is checked is the catalogue's size and digest.
  const entry = requireEntry('yunet_320');
  const bytes = new Uint8Array(entry.sizeBytes);
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.url!);
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(() => {
    asked = [];
    answer = (_, response) => response.end(bytes);
  });
  const get = (options: Parameters<typeof fetchPretrained>[2] = {}) =>
    fetchPretrained(entry.name, folder, { url: `${base}/model.onnx`, ...options });
  const left = () => readdir(folder);

  it.skipIf(!present)('keeps what is the catalogue’s, tells how far it is, and asks once', async () => {
    const real = await readFile(join(models, entry.file));
    answer = ({ url }, response) => {
      if (url === '/model.onnx') response.writeHead(302, { location: '/elsewhere' }).end();
      else response.end(real);
    };
    const progress: number[] = [];
    const path = await get({ onProgress: (loaded, total) => progress.push(loaded / total) });
    expect(
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    ).toBe(entry.sha256);
    expect(progress.at(-1)).toBe(1);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(asked).toEqual(['/model.onnx', '/elsewhere']);
    expect(await get()).toBe(path);
    expect(asked).toHaveLength(2);
    expect(await left()).toEqual([entry.file]);
  });

  it.each<[string, RequestListener, string, RegExp]>([
    ['other bytes of the same size', (_, response) => response.end(bytes), 'download_altered', /SHA-256/],
    ['too little', (_, response) => response.end('short'), 'download_altered', /less than the 0.3 MB/],
    ['no file', (_, response) => response.writeHead(404).end(), 'download_failed', /404/],
    [
      'redirects without end',
      ({ url }, response) => response.writeHead(302, { location: `${url}x` }).end(),
      'download_failed',
      /redirects more than 3/,
    ],
    [
      'a redirect to a file',
      (_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      'download_failed',
      /neither http nor https/,
    ],
    [
      'a connection that breaks',
      (_, response) => {
        response.writeHead(200, { 'content-length': entry.sizeBytes });
        response.write('half', () => response.destroy());
      },
      'download_failed',
      /./,
    ],
  ])('keeps nothing of %s', async (_, reply, code, message) => {
    answer = reply;
    await expect(get()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await left()).toEqual([]);
  });

  it('stops reading what is larger than it should be', async () => {
    let sent = 0;
    answer = (_, response) => {
      const more = () => {
        if (response.destroyed) return;
        sent += 65536;
        response.write(new Uint8Array(65536), more);
      };
      more();
    };
    await expect(get()).rejects.toMatchObject({
      code: 'download_altered',
      message: expect.stringMatching(/more than/),
    });
    expect(sent).toBeLessThan(64 * entry.sizeBytes);
    expect(await left()).toEqual([]);
  });

  it('can be given up, and is not tried where there is no address', async () => {
    answer = (_, response) => void response.write('some');
    const giveUp = new AbortController();
    const waiting = get({ signal: giveUp.signal });
    setTimeout(() => giveUp.abort(new Error('enough')), 50);
    await expect(waiting).rejects.toThrow('enough');
    expect(await left()).toEqual([]);
    await expect(fetchPretrained('mobilenet_v2', folder)).rejects.toMatchObject({ code: 'not_downloadable' });
    await expect(fetchPretrained('nothing', folder)).rejects.toMatchObject({ code: 'unknown_pretrained' });
  });
});
