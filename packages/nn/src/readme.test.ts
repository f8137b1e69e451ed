import { readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, expect, it } from 'vitest';

const example = new URL('./readme-example.mjs', import.meta.url);
afterAll(() => rm(example, { force: true }));

it("the README's example learns", async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  await writeFile(example, /```js\n(.*?)```/s.exec(readme)![1]!);
  const { losses } = (await import(example.href)) as { losses: number[] };
  expect(losses.length).toBeGreaterThan(10);
  expect(losses.at(-1)).toBeLessThan(0.1 * losses[0]!);
});
