import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadMember, readTar, type TarFault, type TarMember, tarBlocks, tarEnd } from './tar.js';

const run = promisify(execFile);
let home: string;
let hasTar = true;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'fovea-tar-'));
  hasTar = await run('tar', ['--version']).then(
    ({ stdout }) => stdout.includes('GNU'),
    () => false,
  );
});
afterAll(() => rm(home, { recursive: true, force: true }));

const NAMES = [
  'a.png',
  'deep/er/b.json',
  'é 🐜.png',
  `${'long/'.repeat(40)}c.png`,
  `${'x'.repeat(99)}y`,
  `${'x'.repeat(100)}y`,
];
const members = async (path: string): Promise<(TarMember | TarFault)[]> => {
  const found: (TarMember | TarFault)[] = [];
  for await (const each of readTar(path)) found.push(each);
  return found;
};
const names = async (path: string) => (await members(path)).map((each) => ('name' in each ? each.name : each.code));

describe('tar', () => {
  const archive = async (name: string) => {
    const path = join(home, name);
    const blocks = NAMES.flatMap((each, index) => tarBlocks(each, Buffer.alloc(index * 300, index)));
    await writeFile(path, Buffer.concat([...blocks, tarEnd()]));
    return path;
  };

  test('what is written is read, member by member', async () => {
    const path = await archive('own.tar');
    const found = (await members(path)) as TarMember[];
    expect(found.map(({ name }) => name)).toEqual(NAMES);
    for (const [index, member] of found.entries()) {
      expect(Buffer.from(await loadMember(path, member)).equals(Buffer.alloc(index * 300, index))).toBe(true);
    }
    expect(await names(path)).toEqual(NAMES);
  });

  test('GNU tar reads what is written, and what it writes is read', async (context) => {
    if (!hasTar) context.skip('there is no GNU tar');
    const path = await archive('for-gnu.tar');
    const { stdout } = await run('tar', ['--list', '--quoting-style=literal', '-f', path]);
    expect(stdout.trim().split('\n')).toEqual(NAMES);
    const folder = join(home, 'unpacked');
    await mkdir(folder);
    await run('tar', ['-xf', path, '-C', folder]);
    expect(await readFile(join(folder, NAMES[3]!))).toEqual(Buffer.alloc(900, 3));
    for (const format of ['gnu', 'pax', 'ustar', 'v7']) {
      const made = join(home, `${format}.tar`);
      const some = format === 'ustar' || format === 'v7' ? NAMES.slice(0, 2) : NAMES;
      await run('tar', [`--format=${format}`, '-cf', made, '-C', folder, '--', ...some]);
      expect([format, await names(made)]).toEqual([format, some]);
    }
  });

  test('links, devices and names that lead out are told, an archive cut off is read so far', async (context) => {
    if (!hasTar) context.skip('there is no GNU tar');
    const folder = join(home, 'hostile');
    await mkdir(folder);
    await writeFile(join(folder, 'a.txt'), 'a');
    await writeFile(join(folder, 'b.txt'), 'b');
    await symlink('/etc/passwd', join(folder, 'link.png'));
    await run('mkfifo', [join(folder, 'pipe')]);
    const made = join(home, 'hostile.tar');
    await run('tar', ['-cPf', made, '-C', folder, 'link.png', 'pipe', 'a.txt', '../own.tar', join(folder, 'b.txt')]);
    expect(await names(made)).toEqual(['link_skipped', 'link_skipped', 'a.txt', 'path_outside', 'path_outside']);
    await truncate(made, 3000);
    expect((await names(made)).at(-1)).toBe('broken_file');
  });

  test('a header that is broken ends it with a word', async () => {
    const bytes = await readFile(await archive('broken.tar'));
    bytes[1536 + 3]! ^= 1;
    const path = join(home, 'broken.tar');
    await writeFile(path, bytes);
    expect((await names(path)).slice(-1)).toEqual(['broken_file']);
  });
});
