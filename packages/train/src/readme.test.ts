import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { writeShadeFolders } from './fixtures/shade-folders.js';

const example = new URL('./readme-example.mjs', import.meta.url);
const before = process.cwd();
let folder = '';
afterAll(async () => {
  process.chdir(before);
  await rm(example, { force: true });
  await rm(folder, { recursive: true, force: true });
});

it("the README's example trains a classifier from a folder, in under 25 lines", { timeout: 120_000 }, async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const text = /```js\n(.*?)```/s.exec(readme)![1]!;
  expect(text.trimEnd().split('\n').length).toBeLessThan(25);
  folder = await mkdtemp(join(tmpdir(), 'fovea-readme-'));
  await mkdir(join(folder, 'pictures'));
  await writeShadeFolders(join(folder, 'pictures'), ['dark', 'light'], 20);
  await writeFile(example, text);
  process.chdir(folder);
  const { accuracy } = (await import(example.href)) as { accuracy: number };
  expect(accuracy).toBeGreaterThan(0.9);
});
