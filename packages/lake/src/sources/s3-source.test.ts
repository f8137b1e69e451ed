import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTestS3, type TestS3 } from '@fovea/store/testing';
import { pack } from 'tar-stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import yazl from 'yazl';
import { readSource } from '../fixtures/source-items.js';
import { openSource } from './open-source.js';

let s3: TestS3;
let root: string;

beforeAll(async () => {
  s3 = await openTestS3();
  root = await mkdtemp(join(tmpdir(), 'fovea-s3-source-'));
});

afterEach(() => {
  s3.objects.clear();
  s3.requests.length = 0;
  s3.trouble = () => undefined;
});

afterAll(async () => {
  await s3.close();
  await rm(root, { recursive: true });
});

const put = (key: string, bytes: Buffer | string = `bytes of ${key}`) =>
  s3.objects.set(key, { bytes: Buffer.from(bytes), etag: `e-${key.length}` });
const read = (spec: string, more: object = {}) => readSource(spec, { env: s3.env, tmpFolder: root, ...more });

describe('S3 as a source', () => {
  it('gives what lies below a prefix, page by page', async () => {
    for (let i = 0; i < 2345; i++) put(`set/${String(i).padStart(5, '0')}.jpg`);
    put('set-aside/a.jpg');
    put('set/z/größe 😀+%.png');
    put('set/z/clip.mp4');
    for (const other of ['set/labels.json', 'set/folder/', 'set/.hidden.jpg', 'set/__MACOSX/a.jpg']) put(other);
    put('set/../climbs.jpg');
    const got = await read(`s3://${s3.bucket}/set`);
    expect(got.names).toHaveLength(2347);
    expect(got.names.slice(-2)).toEqual(['z/clip.mp4', 'z/größe 😀+%.png']);
    expect(got.items[0]).toMatchObject({
      location: `s3://${s3.bucket}/set/00000.jpg?endpoint=${s3.endpoint}`,
      fingerprint: 'e-13/22',
      sizeBytes: 22,
    });
    expect(String(got.bytes['z/größe 😀+%.png'])).toBe('bytes of set/z/größe 😀+%.png');
    expect(got.ignored).toEqual({ json: 1 });
    expect(got.problems).toEqual([`bad_key s3://${s3.bucket}/set/../climbs.jpg?endpoint=${s3.endpoint}`]);
    expect(s3.requests.filter((request) => request.includes('list-type'))).toHaveLength(3);
  });

  it('asks for a page when the one before is through', async () => {
    for (let i = 0; i < 3000; i++) put(`${i}.jpg`);
    const source = await openSource(`s3://${s3.bucket}`, { env: s3.env, tmpFolder: root });
    for await (const { name } of source.items()) if (name) break;
    await source.close();
    expect(s3.requests).toHaveLength(1);
  });

  it('gives one object, an archive in it too, and leaves no copy behind', async () => {
    put('one/a b.jpg');
    expect((await read(`s3://${s3.bucket}/one/a b.jpg`)).names).toEqual(['a b.jpg']);
    const packed = pack();
    packed.entry({ name: 'x/a.jpg' }, 'a picture');
    packed.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of packed) chunks.push(chunk as Buffer);
    put('one/shard.tar', Buffer.concat(chunks));
    const zip = new yazl.ZipFile();
    zip.addBuffer(Buffer.from('a picture'), 'x/a.jpg');
    zip.end();
    const zipped: Buffer[] = [];
    for await (const chunk of zip.outputStream) zipped.push(chunk as unknown as Buffer);
    put('one/set.zip', Buffer.concat(zipped));
    for (const name of ['shard.tar', 'set.zip']) {
      const got = await read(`s3://${s3.bucket}/one/${name}`);
      expect(got.items[0]).toMatchObject({
        name: 'x/a.jpg',
        location: `s3://${s3.bucket}/one/${name}?endpoint=${s3.endpoint}!/x/a.jpg`,
      });
      expect(String(got.bytes['x/a.jpg'])).toBe('a picture');
    }
    expect(await readdir(root)).toEqual([]);
  });

  it('works through a service that fails half its requests', async () => {
    for (let i = 0; i < 40; i++) put(`${i}.jpg`, Buffer.alloc(30_000, i));
    let turn = 0;
    const ways = ['busy', undefined, 'reset', undefined, 'cut', undefined] as const;
    s3.trouble = () => ways[turn++ % ways.length];
    const got = await read(`s3://${s3.bucket}`);
    expect(Object.keys(got.bytes)).toHaveLength(40);
    for (const [name, bytes] of Object.entries(got.bytes)) {
      expect(Buffer.compare(bytes as Buffer, Buffer.alloc(30_000, Number.parseInt(name, 10)))).toBe(0);
    }
  });

  it('says what is missing or refused', async () => {
    await expect(read(`s3://${s3.bucket}/nothing`)).rejects.toMatchObject({ code: 'missing_path' });
    await expect(read('s3://nobodys/x')).rejects.toMatchObject({ code: 'storage_no_bucket' });
    put('notes.txt');
    await expect(read(`s3://${s3.bucket}/notes.txt`)).rejects.toMatchObject({ code: 'unknown_kind' });
    put('big.jpg', Buffer.alloc(2000));
    put('small.jpg');
    const got = await read(`s3://${s3.bucket}/`, { limits: { maxPictureBytes: 1000 } });
    expect(got.names).toEqual(['small.jpg']);
    expect(got.problems[0]).toContain('too_large');
    const env = { ...s3.env, AWS_SECRET_ACCESS_KEY: 'hush' };
    const refused = await read(`s3://${s3.bucket}`, { env }).catch((error) => error);
    expect(refused).toMatchObject({ code: 'storage_denied' });
    expect(JSON.stringify([refused.message, refused.details])).not.toContain('hush');
  });

  it('goes to a private endpoint where its owner set it, and to none that a URL names unless allowed', async () => {
    put('a.jpg');
    const named = `s3://${s3.bucket}/?endpoint=${s3.endpoint}`;
    const env = { ...s3.env, AWS_ENDPOINT_URL: '' };
    await expect(read(named, { env })).rejects.toMatchObject({ code: 'private_address' });
    const byName = named.replace('127.0.0.1', 'localhost');
    await expect(read(byName, { env })).rejects.toMatchObject({ code: 'private_address' });
    expect((await read(named, { env, allowPrivate: true })).names).toEqual(['a.jpg']);
    expect((await read(`s3://${s3.bucket}/`)).names).toEqual(['a.jpg']);
  });
});
