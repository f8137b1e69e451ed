import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlannedPicture } from '../plan.js';
import { openPictureIndex, rowsPathOf } from './picture-index.js';
import { writePictures } from './write-pictures.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fovea-index-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function picture(n: number, more: Partial<PlannedPicture> = {}): PlannedPicture {
  const name = `picture ${n}`;
  return { sha256: `${n}`, name, path: `/${n}.jpg`, width: n + 1, height: 7, split: 'train', annotations: [], ...more };
}

describe('a list of pictures on disk', () => {
  it('gives back every picture by its number, whatever it is called', async () => {
    const pictures = fc.array(
      fc.record({
        name: fc.string({ unit: 'binary' }),
        split: fc.constantFrom('train', 'val', 'test'),
        classIndices: fc.array(fc.nat(5), { minLength: 1, maxLength: 3 }),
      }),
      { maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(pictures, async (some) => {
        const given = some.map((more, n) => picture(n, more));
        const { train, val, sizes } = await writePictures(folder, given);
        expect(sizes.length).toBe(given.length);
        for (const [split, written] of [
          ['train', train],
          ['val', val],
        ] as const) {
          const own = given.filter((each) => each.split === split);
          expect(written.count).toBe(own.length);
          const index = await openPictureIndex(written);
          const loaded = await Promise.all(own.map((_, at) => index.load(at)));
          expect(loaded).toEqual(own);
          expect(await index.loadAll()).toEqual(own);
          const rows: number[] = [];
          for await (const { width } of index.rows(0, own.length)) rows.push(width);
          expect(rows).toEqual(own.map(({ width }) => width));
          const members = new Map<number, number[]>();
          for (const [at, { classIndices }] of own.entries())
            for (const c of classIndices!) members.set(c, [...(members.get(c) ?? []), at]);
          expect([...(await index.loadMembers())]).toEqual([...members]);
          await index.close();
        }
      }),
      { numRuns: 30 },
    );
  });

  it('has the same digest for the same pixels, whatever is on them', async () => {
    const digestOf = async (...pictures: PlannedPicture[]) => (await writePictures(folder, pictures)).train.digest;
    const first = await digestOf(picture(1), picture(2));
    const boxed = picture(2, { annotations: [{ classIndex: 0, box: [0, 0, 2, 2] }] });
    expect(await digestOf(picture(1), boxed)).toBe(first);
    expect(await digestOf(picture(2), picture(1))).not.toBe(first);
    const labelled = (sha256: string) => picture(2, { labelMapPath: '/2.png', labelMapSha256: sha256 });
    expect(await digestOf(picture(1), labelled('a'))).not.toBe(await digestOf(picture(1), labelled('b')));
  });

  it('leaves nothing behind where the pictures break off', async () => {
    const own = join(folder, 'broken');
    await mkdir(own);
    async function* breaking() {
      yield picture(1);
      throw new Error('no more');
    }
    await expect(writePictures(own, breaking())).rejects.toThrow('no more');
    expect(await readdir(own)).toEqual([]);
  });

  it('is refused where it is not what the plan says', async () => {
    const { train } = await writePictures(folder, [picture(1), picture(2)]);
    await expect(openPictureIndex({ ...train, count: 3 })).rejects.toMatchObject({ code: 'broken_plan' });
    await truncate(train.path, 20);
    const index = await openPictureIndex(train);
    await expect(index.load(1)).rejects.toMatchObject({ code: 'broken_plan', message: /ends too early/ });
    await index.close();
    await writeFile(rowsPathOf(train.path), '');
    await expect(openPictureIndex(train)).rejects.toMatchObject({ code: 'broken_plan' });
    await rm(train.path);
    await expect(openPictureIndex(train)).rejects.toMatchObject({
      code: 'broken_plan',
      message: /start the run again/,
    });
  });
});
