import { openTestHome, type TestHome } from '@fovea/store/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addPictures, sha256Of } from '../fixtures/snapshot-project.js';
import { createSnapshot, loadManifest } from '../snapshot.js';
import { compareSnapshots, listDifference } from './compare.js';
import { compareLabels } from './match.js';
import type { ManifestPicture } from './picture.js';

let test: TestHome;

beforeAll(async () => {
  test = await openTestHome();
});

afterAll(() => test.remove());

const box = (at: number) => [at, 10, at + 40, 50];

describe('two snapshots', () => {
  it('are compared in numbers, words and lists', async () => {
    const { pool } = test.home;
    const pictures = Array.from({ length: 20 }, (_, at) => ({
      split: at < 16 ? 'train' : 'val',
      objects: [{ classIndex: at % 2, box: box(at) }],
      ...(at === 7 && { labelMap: 'map before' }),
    }));
    const projectId = await addPictures(test.home, 'p', ['car', 'dog'], pictures);
    const before = await createSnapshot(test.home, 'p', { name: 'before' });
    const id = async (at: number) =>
      (await pool.query('select id from fovea.media where sha256 = $1', [sha256Of(`picture ${at}`)])).rows[0].id;
    await addPictures(
      test.home,
      'p',
      ['car', 'dog', 'cat'],
      [
        {
          content: 'new 1',
          split: 'train',
          objects: [
            { classIndex: 0, box: box(0) },
            { classIndex: 2, box: box(9) },
          ],
        },
        { content: 'new 2', split: 'train', objects: [{ classIndex: 2, box: box(0) }] },
      ],
    );
    // 0 taken out; 1 moved; 2 reclassed; 3 gets a second box and loses its first; 4 changes sides; 7 gets another map.
    await pool.query('update fovea.media set removed_at = now() where id = $1', [await id(0)]);
    await pool.query('update fovea.annotations set box = $2 where media_id = $1', [await id(1), box(4)]);
    await pool.query('update fovea.annotations set class_index = 1 where media_id = $1', [await id(2)]);
    await pool.query('update fovea.annotations set box = $2 where media_id = $1', [await id(3), box(300)]);
    await pool.query(`update fovea.media set split = 'val' where id = $1`, [await id(4)]);
    await pool.query('update fovea.label_maps set sha256 = $2 where media_id = $1', [
      await id(7),
      sha256Of('map after'),
    ]);
    const after = await createSnapshot(test.home, 'p', { name: 'after' });
    expect(after.projectId).toBe(projectId);

    const compared = await compareSnapshots(test.home, before.id, after.id);
    expect(compared).toMatchObject({
      pictures: { added: 2, removed: 1, same: 14, labels: 4, split: 1 },
      labelMaps: 1,
      objects: { added: 4, removed: 2, moved: 1, reclassed: 1 },
      moves: [{ from: 'train', to: 'val', count: 1 }],
      classes: [
        {
          name: 'car',
          before: { objects: 10, pictures: 10 },
          after: { objects: 9, pictures: 9 },
          added: 1,
          removed: 1,
        },
        { name: 'dog', before: { objects: 10 }, after: { objects: 11 }, added: 1, removed: 1, moved: 1, reclassed: 1 },
        { name: 'cat', before: null, after: { objects: 2, pictures: 2 }, added: 2 },
      ],
    });
    expect(compared.sentences).toEqual([
      '2 pictures more, 1 fewer; 14 are as before.',
      '4 pictures of both have other labels, 1 of them another label map.',
      '4 objects added (2 of cat, 1 of car, 1 of dog); 2 objects removed (1 of car, 1 of dog); 1 object of dog moved; 1 object given another class.',
      '1 picture changed sides: 1 from train to val.',
      'New class: cat.',
    ]);

    const page = async (kind: 'added' | 'removed' | 'labels' | 'split' | 'same', more = {}) =>
      listDifference(test.home, before.id, after.id, { kind, ...more });
    const names = ({ pictures: of }: Awaited<ReturnType<typeof page>>) => of.map(({ name }) => name).sort();
    expect(names(await page('added'))).toEqual(['new 1', 'new 2']);
    expect(names(await page('removed'))).toEqual(['picture 0']);
    expect(names(await page('labels'))).toEqual(['picture 1', 'picture 2', 'picture 3', 'picture 7']);
    expect(names(await page('labels', { className: 'dog' }))).toEqual(['picture 1', 'picture 2', 'picture 3']);
    expect(names(await page('added', { className: 'cat' }))).toEqual(['new 1', 'new 2']);
    expect((await page('split')).pictures).toEqual([
      { sha256: sha256Of('picture 4'), name: 'picture 4', splitBefore: 'train', splitAfter: 'val', objects: [] },
    ]);
    const two = [await page('same', { limit: 10 }), await page('same', { limit: 10, offset: 10 })];
    expect(two.map(({ total, pictures: of }) => [total, of.length])).toEqual([
      [14, 10],
      [14, 4],
    ]);
    // The other way round it is the opposite, and of one with itself nothing.
    expect(await compareSnapshots(test.home, after.id, before.id)).toMatchObject({
      pictures: { added: 1, removed: 2, same: 14, labels: 4, split: 1 },
      objects: { added: 2, removed: 4, moved: 1, reclassed: 1 },
    });
    expect((await compareSnapshots(test.home, after.id, after.id)).sentences).toEqual([
      'Both have the same 21 pictures with the same labels and the same split.',
    ]);
    // Kept, and the same again.
    expect(await compareSnapshots(test.home, before.id, after.id)).toEqual(compared);
    await expect(listDifference(test.home, before.id, after.id, { kind: 'x' as never })).rejects.toMatchObject({
      code: 'bad_difference',
    });
    await expect(compareSnapshots(test.home, before.id, 'nope')).rejects.toMatchObject({ code: 'unknown_snapshot' });
  });

  it('of different projects are compared by the names of classes', async () => {
    const picture = (classIndex: number) => [{ objects: [{ classIndex, box: box(5) }], classIndices: [classIndex] }];
    await addPictures(test.home, 'one', ['car', 'dog'], picture(1));
    await addPictures(test.home, 'two', ['dog', "it's"], picture(0));
    const [a, b] = [await createSnapshot(test.home, 'one'), await createSnapshot(test.home, 'two')];
    expect(await compareSnapshots(test.home, a.id, b.id)).toMatchObject({
      pictures: { same: 1, labels: 0 },
      classes: [{ name: 'dog' }, { name: "it's", before: null }, { name: 'car', after: null }],
    });
    expect(await loadManifest(test.home, a)).not.toEqual(await loadManifest(test.home, b));
  });
});

describe('compareLabels', () => {
  const names = ['a', 'b'];
  const objects = fc.array(
    fc.record({
      classIndex: fc.nat(1),
      box: fc
        .tuple(fc.nat(20), fc.nat(20), fc.nat(20), fc.nat(20))
        .map(([x, y, w, h]) => [x, y, x + w + 1, y + h + 1] as const),
    }),
    { maxLength: 6 },
  );
  const picture = (annotations: ManifestPicture['annotations']): ManifestPicture => ({
    sha256: '',
    name: '',
    width: 50,
    height: 50,
    split: 'train',
    annotations,
  });

  it('accounts for every object once, alike from either side, and finds nothing where there is nothing', () => {
    fc.assert(
      fc.property(objects, objects, (a, b) => {
        const count = (of: ReturnType<typeof compareLabels>, kind: string) =>
          (of ?? []).filter((each) => each.kind === kind).length;
        const there = compareLabels(picture(a), picture(b), names, names);
        const back = compareLabels(picture(b), picture(a), names, names);
        expect(count(there, 'added') - count(there, 'removed')).toBe(b.length - a.length);
        expect(count(back, 'added')).toBe(count(there, 'removed'));
        expect(count(back, 'moved')).toBe(count(there, 'moved'));
        expect(count(back, 'reclassed')).toBe(count(there, 'reclassed'));
        expect(compareLabels(picture(a), picture([...a].reverse()), names, names)).toBeUndefined();
      }),
    );
  });
});
