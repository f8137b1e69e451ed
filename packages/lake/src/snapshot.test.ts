import { pngOf } from '@fovea/formats/testing';
import { openTestHome, type TestHome } from '@fovea/store/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importPicture } from './import.js';
import { createProject, getProject } from './project.js';
import { createSampleProject } from './sample.js';
import { createSnapshot, listSnapshots, loadManifest } from './snapshot.js';
import { getSnapshot } from './snapshots/lineage.js';

let test: TestHome;

beforeAll(async () => {
  test = await openTestHome();
});

afterAll(() => test.remove());

async function add(project: string, seeds: readonly number[], labelled = true): Promise<void> {
  for (const seed of seeds) {
    const annotations = [{ className: seed % 2 ? 'odd' : 'even', box: [1, 1, 20 + (seed % 5), 20] as const }];
    await importPicture(test.home, project, {
      bytes: pngOf(seed),
      name: `${seed}.png`,
      ...(labelled && { annotations }),
    });
  }
}

const seeds = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

describe('a snapshot', () => {
  it('holds the labelled pictures with their split, and is the same for the same content', async () => {
    const project = await createProject(test.home, { name: 'p' });
    await add('p', seeds(0, 20));
    await add('p', seeds(100, 3), false);
    const snapshot = await createSnapshot(test.home, 'p');
    expect(snapshot).toMatchObject({
      project: 'p',
      projectId: project.id,
      name: 'v1',
      classNames: ['even', 'odd'],
      counts: { media: 20, annotations: 20, train: 17, val: 3, test: 0 },
    });
    const pictures = await loadManifest(test.home, snapshot);
    expect(pictures).toHaveLength(20);
    expect(pictures.filter((picture) => picture.split === 'val')).toHaveLength(3);
    const third = pictures.find((picture) => picture.name === '3.png')!;
    expect(third).toMatchObject({ width: 64, height: 48, annotations: [{ classIndex: 1, box: [1, 1, 23, 20] }] });
    expect(await loadManifest(test.home, snapshot.id)).toEqual(pictures);

    expect(snapshot.isNew).toBe(true);
    expect(await createSnapshot(test.home, 'p')).toEqual({ ...snapshot, isNew: false });
    const other = await createSnapshot(test.home, 'p', { seed: 1, name: 'another split' });
    expect(other).toMatchObject({ name: 'another split', seed: 1 });
    expect(other.id).not.toBe(snapshot.id);
    expect((await listSnapshots(test.home, 'p')).map(({ id }) => id)).toEqual([other.id, snapshot.id]);
  });

  it('does not change when its project does', async () => {
    const [before] = await listSnapshots(test.home, 'p');
    const pictures = await loadManifest(test.home, before!);
    await add('p', seeds(50, 5));
    expect(await loadManifest(test.home, before!.id)).toEqual(pictures);
    const after = await createSnapshot(test.home, 'p', { seed: 1 });
    expect(after.id).not.toBe(before!.id);
    expect(after.counts.media).toBe(25);
    expect(await getSnapshot(test.home, before!.id)).toEqual({ ...before, runs: [] });
  });

  it('is the same on another home with the same pictures, in whatever order they came', async () => {
    const other = await openTestHome();
    try {
      await createProject(other.home, { name: 'p' });
      await createProject(test.home, { name: 'q' });
      for (const [home, order] of [
        [test.home, seeds(0, 8)],
        [other.home, seeds(0, 8).reverse()],
      ] as const) {
        // The class order is the one thing that the order of import decides.
        for (const name of ['even', 'odd']) {
          const annotations = [{ className: name, box: [0, 0, 9, 9] as const }];
          await importPicture(home, home === test.home ? 'q' : 'p', { bytes: pngOf(900), name, annotations });
          await importPicture(home, home === test.home ? 'q' : 'p', {
            bytes: pngOf(name === 'even' ? 901 : 902),
            name,
            annotations,
          });
        }
        for (const seed of order) {
          const annotations = [{ className: seed % 2 ? 'odd' : 'even', box: [1, 1, 20, 20] as const }];
          const picture = { bytes: pngOf(seed), name: `${seed}.png`, annotations };
          await importPicture(home, home === test.home ? 'q' : 'p', picture);
        }
      }
      const here = await loadManifest(test.home, await createSnapshot(test.home, 'q'));
      const there = await loadManifest(other.home, await createSnapshot(other.home, 'p'));
      expect(there).toEqual(here);
    } finally {
      await other.remove();
    }
  });

  it('of nothing, or of an unknown project, is refused', async () => {
    await createProject(test.home, { name: 'empty' });
    await expect(createSnapshot(test.home, 'empty')).rejects.toMatchObject({ code: 'nothing_labelled' });
    await expect(createSnapshot(test.home, 'nope')).rejects.toMatchObject({ code: 'unknown_project' });
    await expect(createSnapshot(test.home, 'p', { valFraction: 1 })).rejects.toMatchObject({ code: 'bad_fraction' });
    await expect(getSnapshot(test.home, 'nope')).rejects.toMatchObject({ code: 'unknown_snapshot' });
  });
});

describe('the sample project', () => {
  it('is rendered once, and completed where it is not whole', async () => {
    const first = await createSampleProject(test.home, { pictures: 3 });
    expect(first.counts.media).toBe(3);
    expect(first.counts.annotations).toBeGreaterThan(0);
    const progress: number[] = [];
    const whole = await createSampleProject(test.home, {
      pictures: 5,
      onProgress: ({ total }) => progress.push(total),
    });
    expect(whole.counts.media).toBe(5);
    expect(progress).toEqual([2]);
    expect(await createSampleProject(test.home, { pictures: 5 })).toEqual(await getProject(test.home, 'sample'));
  });
});
