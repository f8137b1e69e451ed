import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { deflateRawSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { type Header, pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import yazl from 'yazl';
import { readItem, readSource } from '../fixtures/source-items.js';
import { openSource } from './open-source.js';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'fovea-archives-'));
});

afterAll(() => rm(root, { recursive: true, force: true }));

type TarEntry = Partial<Header> & { name: string; bytes?: Buffer };

async function tarOf(entries: readonly TarEntry[]): Promise<Buffer> {
  const packed = pack();
  for (const { bytes = Buffer.from(''), ...header } of entries) packed.entry({ mtime: new Date(0), ...header }, bytes);
  packed.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packed) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function zipOf(
  entries: readonly { name: string; bytes: Buffer; mode?: number }[],
  forceZip64 = false,
): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  for (const { name, bytes, mode } of entries) {
    zip.addBuffer(bytes, name, { mtime: new Date(0), forceZip64Format: forceZip64, ...(mode && { mode }) });
  }
  zip.end({ forceZip64Format: forceZip64, comment: '' });
  return buffer(zip.outputStream);
}

interface RawEntry {
  readonly name: string | Buffer;
  readonly bytes?: Buffer;
  readonly method?: number;
  readonly flags?: number;
  readonly mode?: number;
  readonly claims?: number;
  readonly packs?: number;
  readonly crc?: number;
  readonly offset?: number;
}

/** A ZIP made by hand, for what no honest tool writes. */
function rawZip(entries: readonly RawEntry[]): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const {
    name,
    bytes = Buffer.alloc(0),
    method = 0,
    flags = 0x800,
    mode = 0o100644,
    claims,
    packs,
    crc,
    offset,
  } of entries) {
    const data = method === 8 ? deflateRawSync(bytes) : bytes;
    const nameBytes = Buffer.from(name);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(flags, 2);
    fields.writeUInt16LE(method, 4);
    fields.writeUInt32LE(crc ?? crcOf(bytes), 10);
    fields.writeUInt32LE(packs ?? data.length, 14);
    fields.writeUInt32LE(claims ?? bytes.length, 18);
    fields.writeUInt16LE(nameBytes.length, 22);
    locals.push(Buffer.from('PK\x03\x04'), fields, nameBytes, data);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((mode << 16) >>> 0, 6);
    tail.writeUInt32LE(offset ?? at, 10);
    central.push(Buffer.from('PK\x01\x02'), Buffer.from([20, 3]), fields, tail, nameBytes);
    at += 30 + nameBytes.length + data.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, directory, end]);
}

function crcOf(bytes: Buffer): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}

async function save(name: string, bytes: Buffer): Promise<string> {
  const path = join(root, name);
  await writeFile(path, bytes);
  return path;
}

const PICTURES = ['a.jpg', 'deep/er/b.png', 'größe 😀/c.webp', 'empty.jpg'].map((name, i) => ({
  name,
  bytes: i === 3 ? Buffer.alloc(0) : randomBytes(150_000 * i + 10),
}));
const OTHERS = [
  { name: 'labels.json', bytes: Buffer.from('{}') },
  { name: '__MACOSX/._a.jpg', bytes: Buffer.from('x') },
  { name: '.hidden/a.jpg', bytes: Buffer.from('x') },
];

describe.each([
  ['a ZIP', 'plain.zip', async () => zipOf([...PICTURES, ...OTHERS])],
  ['a ZIP64', 'large.zip', async () => zipOf([...PICTURES, ...OTHERS], true)],
  ['a TAR', 'plain.tar', async () => tarOf([...PICTURES, ...OTHERS])],
  ['a TAR.GZ', 'plain.tar.gz', async () => gzipSync(await tarOf([...PICTURES, ...OTHERS]))],
  ['a TAR by another name', 'nameless', async () => tarOf([...PICTURES, ...OTHERS])],
])('%s as a source', (_, file, make) => {
  it('gives its pictures, with the archive in their location, and writes nothing', async () => {
    const path = await save(file, await make());
    const before = await readdir(root);
    const read = await readSource(path);
    expect(read.names).toEqual(PICTURES.map(({ name }) => name));
    expect(read.items.map(({ location }) => location)).toEqual(PICTURES.map(({ name }) => `${path}!/${name}`));
    for (const { name, bytes } of PICTURES) expect(Buffer.compare(read.bytes[name] as Buffer, bytes)).toBe(0);
    expect(read.items.map(({ sizeBytes }) => sizeBytes)).toEqual(PICTURES.map(({ bytes }) => bytes.length));
    expect(read.problems).toEqual([]);
    expect(read.ignored).toEqual({ json: 1 });
    expect(await readdir(root)).toEqual(before);
    const again = await readSource(path);
    expect(again.items.map(({ fingerprint }) => fingerprint)).toEqual(read.items.map(({ fingerprint }) => fingerprint));
    expect(new Set(read.items.map(({ fingerprint }) => fingerprint)).size).toBeGreaterThan(1);
  });

  it('can be read in part: what nobody opens, or destroys halfway, does not stop the rest', async () => {
    const path = await save(file, await make());
    const source = await openSource(path, { tmpFolder: root });
    const got: string[] = [];
    for await (const item of source.items()) {
      if (item.name === 'a.jpg') continue;
      const stream = await item.open();
      if (item.name.includes('b.png')) {
        await new Promise((resolve) => stream.once('data', resolve));
        stream.destroy();
        continue;
      }
      const bytes = await buffer(stream);
      expect(Buffer.compare(bytes, PICTURES.find(({ name }) => name === item.name)!.bytes)).toBe(0);
      got.push(item.name);
    }
    await source.close();
    expect(got).toEqual(['größe 😀/c.webp', 'empty.jpg']);
  });

  it('can be left halfway', async () => {
    const path = await save(file, await make());
    const source = await openSource(path, { tmpFolder: root });
    for await (const item of source.items()) {
      await item.open();
      break;
    }
    await source.close();
  });

  it('that is cut off or changed anywhere gives what can be read, or says why not', async () => {
    const whole = await make();
    const path = join(root, `cut-${file}`);
    const known = new Map(PICTURES.map(({ name, bytes }) => [name, sha(bytes)]));
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.boolean(),
        fc.integer({ min: 1, max: 255 }),
        async (at, isCut, flip) => {
          const bytes = Buffer.from(isCut ? whole.subarray(0, at) : whole);
          if (!isCut) bytes[at] = bytes[at]! ^ flip;
          await writeFile(path, bytes);
          const read = await readSource(path).catch((error) => error);
          if (read instanceof Error) {
            expect(read).toHaveProperty('code', expect.stringMatching(/^[a-z_]+$/));
            return;
          }
          for (const [name, got] of Object.entries(read.bytes as Record<string, Buffer | string>)) {
            if (typeof got === 'string') expect(got).toMatch(/^(broken_archive|archive_bomb)$/);
            // A TAR has no checksum of what its members hold.
            else if (!file.includes('tar') && file !== 'nameless') expect(sha(got)).toBe(known.get(name) ?? sha(got));
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const picture = Buffer.from('a picture');

describe('a ZIP made to do harm', () => {
  it('gives its honest members and tells each of the others', async () => {
    const path = await save(
      'hostile.zip',
      rawZip([
        { name: 'good.jpg', bytes: picture },
        { name: '../climbs.jpg', bytes: picture },
        { name: 'a/../../climbs.jpg', bytes: picture },
        { name: '/etc/absolute.jpg', bytes: picture },
        { name: 'C:\\windows\\absolute.jpg', bytes: picture },
        { name: '..\\climbs.jpg', bytes: picture },
        { name: 'link.jpg', bytes: Buffer.from('/etc/passwd'), mode: 0o120777 },
        { name: 'link-to-folder', bytes: Buffer.from('/etc'), mode: 0o120777 },
        { name: 'device.jpg', mode: 0o060644 },
        { name: 'locked.jpg', bytes: picture, flags: 0x801 },
        { name: 'good.jpg', bytes: Buffer.from('another') },
        { name: './good.jpg', bytes: Buffer.from('yet another') },
        { name: 'lzma.jpg', bytes: picture, method: 14 },
        { name: 'inner.zip', bytes: Buffer.from('PK') },
        { name: 'nul\0.jpg', bytes: picture },
        { name: 'folder.jpg/', bytes: Buffer.alloc(0) },
        { name: Buffer.from([0x61, 0xff, 0x2e, 0x6a, 0x70, 0x67]), bytes: picture },
        { name: Buffer.from([0x81, 0x2e, 0x6a, 0x70, 0x67]), bytes: picture, flags: 0 },
        { name: 'last.jpg', bytes: picture, method: 8 },
      ]),
    );
    const read = await readSource(path);
    expect(read.names).toEqual(['good.jpg', 'a%FF.jpg', 'ü.jpg', 'last.jpg']);
    for (const name of read.names) expect(String(read.bytes[name])).toBe('a picture');
    expect(read.problems.map((problem) => problem.replace(`${path}!/`, ''))).toEqual([
      'path_outside ../climbs.jpg',
      'path_outside a/../../climbs.jpg',
      'path_outside /etc/absolute.jpg',
      'path_outside C:/windows/absolute.jpg',
      'path_outside ../climbs.jpg',
      'link_skipped link.jpg',
      'link_skipped link-to-folder',
      'not_a_file device.jpg',
      'encrypted_member locked.jpg',
      'duplicate_member good.jpg',
      'duplicate_member good.jpg',
      'unsupported_member lzma.jpg',
      'nested_archive inner.zip',
      'bad_name nul%00.jpg',
    ]);
  });

  it('gives no bytes whose checksum does not fit, and none beyond what it claims', async () => {
    const zeros = Buffer.alloc(100_000);
    const path = await save(
      'lies.zip',
      rawZip([
        { name: 'crc.jpg', bytes: picture, crc: 1 },
        { name: 'more.jpg', bytes: zeros, method: 8, claims: 10 },
        { name: 'less.jpg', bytes: picture, claims: 5000 },
        { name: 'elsewhere.jpg', bytes: picture, offset: 7 },
        { name: 'beyond.jpg', bytes: picture, offset: 9_000_000 },
        { name: 'good.jpg', bytes: picture },
      ]),
    );
    const read = await readSource(path);
    const { 'good.jpg': good, ...bad } = read.bytes;
    expect(String(good)).toBe('a picture');
    expect(bad).toEqual(Object.fromEntries(Object.keys(bad).map((name) => [name, 'broken_archive'])));
    expect(Object.keys(bad)).toHaveLength(5);
  });

  it('unpacks to no more than it may', async () => {
    const limits = { ratioFromBytes: 100_000, maxRatio: 50, maxMembers: 20, maxPictureBytes: 5e6 };
    const zeros = Buffer.alloc(1_000_000);
    const one = await save(
      'bomb.zip',
      rawZip([
        { name: 'bomb.jpg', bytes: zeros, method: 8 },
        { name: 'a.jpg', bytes: picture },
      ]),
    );
    const read = await readSource(one, { limits });
    expect([read.names, read.problems]).toEqual([['a.jpg'], [`archive_bomb ${one}!/bomb.jpg`]]);

    // Members that all point to the same bytes, as David Fifield's bomb of 2019 does.
    const shared = Array.from({ length: 19 }, (_, i) => ({
      name: `${i}.jpg`,
      bytes: i === 0 ? randomBytes(20_000) : Buffer.alloc(0),
      claims: 900_000,
      packs: 20_000,
      offset: 0,
      method: i === 0 ? 0 : 8,
    }));
    await expect(readSource(await save('overlap.zip', rawZip(shared)), { limits })).rejects.toMatchObject({
      code: 'archive_bomb',
    });

    const many = Array.from({ length: 25 }, (_, i) => ({ name: `${i}.txt` }));
    await expect(readSource(await save('many.zip', rawZip(many)), { limits })).rejects.toMatchObject({
      code: 'archive_bomb',
    });
    const large = await save('large-claim.zip', rawZip([{ name: 'a.jpg', bytes: picture, claims: 6_000_000 }]));
    expect((await readSource(large, { limits })).problems).toEqual([`too_large ${large}!/a.jpg`]);
  });

  it('is told from what is no archive', async () => {
    await expect(readSource(await save('text.zip', Buffer.from('some text')))).rejects.toMatchObject({
      code: 'unknown_archive',
    });
    await expect(readSource(await save('x.7z', Buffer.from('7z\xbc\xaf\x27\x1c')))).rejects.toMatchObject({
      code: 'unknown_archive',
    });
    await expect(readSource(await save('empty.tar', Buffer.alloc(0)))).rejects.toMatchObject({
      code: 'unknown_archive',
    });
    await expect(readSource(await save('half.zip', Buffer.from('PK\x03\x04 and nothing')))).rejects.toMatchObject({
      code: 'broken_archive',
    });
    await expect(readSource(await save('text.tar.gz', gzipSync(Buffer.from('text'))))).rejects.toMatchObject({
      code: 'broken_archive',
    });
    expect((await readSource(await save('none.zip', rawZip([])))).names).toEqual([]);
  });
});

describe('a TAR made to do harm', () => {
  it('gives its honest members and tells each of the others', async () => {
    const long = `${'long/'.repeat(60)}name.jpg`;
    const path = await save(
      'hostile.tar',
      Buffer.concat([
        (
          await tarOf([
            { name: './good.jpg', bytes: picture },
            { name: '../climbs.jpg', bytes: picture },
            { name: '/absolute.jpg', bytes: picture },
            { name: 'link.jpg', type: 'symlink', linkname: '/etc/passwd' },
            { name: 'hard.jpg', type: 'link', linkname: 'good.jpg' },
            { name: 'pipe.jpg', type: 'fifo' },
            { name: 'device.jpg', type: 'block-device' },
            { name: 'good.jpg', bytes: Buffer.from('another') },
            { name: 'folder.jpg', type: 'directory' },
            { name: 'inner.tar.gz', bytes: picture },
            { name: 'größe.jpg', bytes: picture },
            { name: long, bytes: picture },
          ])
        ).subarray(0, -1024),
        headerOf(Buffer.from([0x61, 0xff, 0x2e, 0x6a, 0x70, 0x67]), picture.length, '0'),
        Buffer.concat([picture, Buffer.alloc(512 - picture.length)]),
        headerOf(Buffer.from('sparse.jpg'), 0, 'S'),
        Buffer.alloc(1024),
      ]),
    );
    const read = await readSource(path);
    expect(read.names).toEqual(['good.jpg', 'größe.jpg', long, 'a%FF.jpg']);
    for (const name of read.names) expect(String(read.bytes[name])).toBe('a picture');
    expect(read.problems.map((problem) => problem.replace(`${path}!/`, ''))).toEqual([
      'path_outside ../climbs.jpg',
      'path_outside /absolute.jpg',
      'link_skipped link.jpg',
      'link_skipped hard.jpg',
      'not_a_file pipe.jpg',
      'not_a_file device.jpg',
      'duplicate_member good.jpg',
      'nested_archive inner.tar.gz',
      'unsupported_member sparse.jpg',
    ]);
  });

  it('unpacks to no more than it may, and holds no header of any size', async () => {
    const limits = { ratioFromBytes: 100_000, maxRatio: 50 };
    const zeros = await tarOf([
      { name: 'a.jpg', bytes: picture },
      { name: 'zeros.txt', bytes: Buffer.alloc(3_000_000) },
    ]);
    await expect(readSource(await save('bomb.tgz', gzipSync(zeros)), { limits })).rejects.toMatchObject({
      code: 'archive_bomb',
    });
    const huge = Buffer.concat([headerOf(Buffer.from('x'), 0o77777777777, 'x'), Buffer.alloc(2_000_000, 'x')]);
    await expect(readSource(await save('header.tar', huge))).rejects.toMatchObject({ code: 'broken_archive' });
    const claims = Buffer.concat([headerOf(Buffer.from('a.jpg'), 0o77777777777, '0'), Buffer.alloc(1000)]);
    expect((await readSource(await save('claims.tar', claims))).problems[0]).toContain('too_large');
  });

  it('that breaks off gives what came before', async () => {
    const whole = await tarOf([
      { name: 'a.jpg', bytes: picture },
      { name: 'b.jpg', bytes: randomBytes(5000) },
    ]);
    const path = await save('cut.tar', whole.subarray(0, 2000));
    const read = await readSource(path);
    expect(String(read.bytes['a.jpg'])).toBe('a picture');
    expect(read.bytes['b.jpg']).toBe('broken_archive');
    expect(read.problems).toEqual([`broken_archive ${path}`]);
  });

  it('gives a member once, while it comes by', async () => {
    const path = await save('once.tar', await tarOf(PICTURES));
    const source = await openSource(path, { tmpFolder: root });
    const items = [];
    for await (const item of source.items()) {
      await readItem(item);
      await expect(item.open()).rejects.toMatchObject({ code: 'unreadable_file' });
      items.push(item);
    }
    expect(items.every((item) => item.isPassing)).toBe(true);
    await expect(items[0]!.open()).rejects.toMatchObject({ code: 'unreadable_file' });
    await source.close();
  });
});

describe('many archives by a pattern', () => {
  it('are all opened; one that is broken is told', async () => {
    const folder = await mkdtemp(join(root, 'shards-'));
    for (let i = 0; i < 3; i++) {
      const bytes = i === 1 ? Buffer.from('broken') : await tarOf([{ name: `${i}.jpg`, bytes: picture }]);
      await writeFile(join(folder, `${i}.tar`), bytes);
    }
    const read = await readSource(join(folder, '*.tar'));
    expect(read.names).toEqual(['0.jpg', '2.jpg']);
    expect(read.problems).toEqual([`unknown_archive ${folder}/1.tar`]);
    expect((await readFile(join(folder, '1.tar'))).length).toBe(6);
  });
});

/** A header of a TAR, by hand. */
function headerOf(name: Buffer, size: number, type: string): Buffer {
  const header = Buffer.alloc(512);
  name.copy(header);
  header.write('0000644\0', 100);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
