import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeLabelMap } from '@fovea/formats';
import { type AugmentPolicy, augmentPolicies, parseAugmentPolicy, renderSamplePicture } from '@fovea/image';
import { classifierNetwork, segmenterNetwork } from '@fovea/models';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PlannedPicture, TrainPlan } from '../plan.js';
import { classification } from '../recipes/classification.js';
import type { Recipe } from '../recipes/recipe.js';
import { segmentation } from '../recipes/segmentation.js';
import { createBatchMaker, createSlot } from './batches.js';
import { openPictureIndex, type PictureIndex } from './picture-index.js';
import { createPictureSource, type Locate } from './picture-source.js';
import { createSampleBuffers } from './sample-buffers.js';
import { openSampleCache, type SampleCache, type SampleCacheOptions } from './sample-cache.js';
import { placedRule, shrunkRule } from './sample-rule.js';
import { writePictures } from './write-pictures.js';

const [pictures, width, height] = [20, 64, 32];
const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

let base: string;
let work: string;
let said: string[];
let rendered: Uint8Array[];
const indexes: PictureIndex[] = [];
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'fovea-cache-test-'));
  // One more than there are, for a file that changes.
  rendered = await Promise.all(
    Array.from({ length: pictures + 1 }, async (_, n) => (await renderSamplePicture(n)).bytes),
  );
});
afterEach(async () => {
  for (const index of indexes.splice(0)) await index.close();
});
afterAll(() => rm(base, { recursive: true, force: true }));
beforeEach(async () => {
  work = await mkdtemp(join(base, 'work-'));
  said = [];
});

/** Pictures with label maps, in files that nothing else uses. */
async function writeData(): Promise<PlannedPicture[]> {
  const all: PlannedPicture[] = [];
  await mkdir(join(work, 'files'));
  for (let n = 0; n < pictures; n++) {
    const bytes = rendered[n]!;
    const labels = Uint8Array.from({ length: 480 * 320 }, (_, at) => (at % 480 < 100 + n ? 0 : at % 7 === 0 ? 255 : 1));
    const labelMap = await encodeLabelMap({ data: labels, width: 480, height: 320 });
    const [path, labelMapPath] = [join(work, 'files', `${n}.jpg`), join(work, 'files', `${n}.png`)];
    await writeFile(path, bytes);
    await writeFile(labelMapPath, labelMap);
    all.push({
      ...{ sha256: hashOf(bytes), name: `${n}.jpg`, path, width: 480, height: 320, split: 'train', annotations: [] },
      ...{ classIndices: [n % 2], labelMapPath, labelMapSha256: hashOf(labelMap) },
    });
  }
  return all;
}

async function openCache(data: readonly PlannedPicture[], more: Partial<SampleCacheOptions> = {}, locate?: Locate) {
  const { train } = await writePictures(work, data);
  const index = await openPictureIndex(train);
  indexes.push(index);
  return openSampleCache({
    cache: { folder: join(work, 'kept'), bytes: null },
    index,
    digest: train.digest,
    rule: shrunkRule({ width, height }, 2),
    source: createPictureSource(locate),
    buffers: createSampleBuffers(1 << 24),
    remembers: false,
    say: (text) => said.push(text),
    ...more,
  });
}

const settings = { classNames: ['a', 'b'], loss: { name: 'cross-entropy' } } as unknown as TrainPlan;
const recipes: Record<string, Recipe> = {
  classification: classification(settings, classifierNetwork({ classes: 2, width, height }), null),
  segmentation: segmentation(settings, segmenterNetwork({ classes: 2, width, height })),
};
const mosaic = parseAugmentPolicy({ ...augmentPolicies.segmentation, mosaic: { probability: 0.7, scale: [0.5, 1.5] } });

/** Hashes of all arrays of the batches of steps [from, to), of 4 pictures each. */
async function hashBatches(samples: SampleCache, recipe: Recipe, augment: AugmentPolicy, from: number, to: number) {
  const plan = { seed: 5, batchSize: 4, augment };
  const batches = createBatchMaker(plan, recipe, { count: pictures, members: new Map() }, samples);
  const hashes: string[] = [];
  for (let step = from; step < to; step++) {
    const slot = createSlot(recipe, 4);
    const counted = await batches.make(slot, step);
    const hash = createHash('sha256').update(`${counted}`);
    for (const { data } of slot) hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    hashes.push(hash.digest('hex'));
  }
  return hashes;
}

const without = { cache: { folder: '', bytes: 0 } };
const steps = 15;

describe('batches', () => {
  const kinds: [string, AugmentPolicy, number | null][] = [
    ['classification', augmentPolicies.none, null],
    ['classification', augmentPolicies.classification, null],
    ['segmentation', augmentPolicies.none, 2],
    ['segmentation', mosaic, 2],
  ];
  it.each(kinds)(
    'of %s are the same bit for bit, decoded, kept on disk, or taken up midway',
    async (task, augment, classes) => {
      const data = await writeData();
      const rule = shrunkRule({ width, height }, classes);
      const hash = async (more: Partial<SampleCacheOptions>, from = 0, to = steps) => {
        const cache = await openCache(data, { rule, ...more });
        const hashes = await hashBatches(cache, recipes[task]!, augment, from, to);
        const counts = cache.counts();
        await cache.close();
        return { hashes, counts };
      };
      const decoded = await hash(without);
      expect(new Set(decoded.hashes).size).toBe(steps);
      expect(decoded.counts.read).toBe(0);
      // The first pass decodes and keeps, the others read.
      const first = await hash({});
      expect(first.hashes).toEqual(decoded.hashes);
      expect(first.counts.read).toBeGreaterThan(0);
      const second = await hash({});
      expect(second.hashes).toEqual(decoded.hashes);
      expect(second.counts.decoded).toBe(0);
      expect((await hash({}, 7, 12)).hashes).toEqual(decoded.hashes.slice(7, 12));
      expect((await hash(without, 7, 12)).hashes).toEqual(decoded.hashes.slice(7, 12));
    },
  );

  it('are the same where what is kept is removed midway, or was never whole', async () => {
    const data = await writeData();
    const decoded = await openCache(data, without);
    const wanted = await hashBatches(decoded, recipes.segmentation!, mosaic, 0, steps);
    const cache = await openCache(data);
    expect(await hashBatches(cache, recipes.segmentation!, mosaic, 0, 4)).toEqual(wanted.slice(0, 4));
    await rm(join(work, 'kept'), { recursive: true });
    expect(await hashBatches(cache, recipes.segmentation!, mosaic, 4, 8)).toEqual(wanted.slice(4, 8));
    await cache.close();
    // Another takes up what is left, then finds all of it broken.
    const next = await openCache(data);
    expect(await hashBatches(next, recipes.segmentation!, mosaic, 8, 12)).toEqual(wanted.slice(8, 12));
    for (const key of await readdir(join(work, 'kept')))
      for (const name of await readdir(join(work, 'kept', key)))
        if (/draft|shard/.test(name)) {
          const path = join(work, 'kept', key, name);
          const bytes = await readFile(path);
          await writeFile(path, bytes.fill(7, 500));
        }
    expect(await hashBatches(next, recipes.segmentation!, mosaic, 12, steps)).toEqual(wanted.slice(12));
    await next.close();
    await decoded.close();
  });

  it('are the same for two trainers that share what is kept, whichever decodes', async () => {
    const data = await writeData();
    const decoded = await openCache(data, without);
    const wanted = await hashBatches(decoded, recipes.classification!, augmentPolicies.none, 0, steps);
    const [one, other] = [await openCache(data), await openCache(data)];
    const both = await Promise.all(
      [one, other].map((cache) => hashBatches(cache, recipes.classification!, augmentPolicies.none, 0, steps)),
    );
    expect(both).toEqual([wanted, wanted]);
    expect(one.kept()).toMatchObject({ pictures, of: pictures });
    expect(other.kept()).toEqual(one.kept());
    for (const cache of [one, other, decoded]) await cache.close();
  });
});

describe('the cache', () => {
  it('asks for bytes from elsewhere once, while it is built, and never after', async () => {
    const data = await writeData();
    await rename(join(work, 'files'), join(work, 'far'));
    const asked: string[] = [];
    const locate: Locate = async (sha256) => {
      asked.push(sha256);
      const at = data.findIndex((picture) => picture.sha256 === sha256 || picture.labelMapSha256 === sha256);
      return join(work, 'far', `${at}.${data[at]!.sha256 === sha256 ? 'jpg' : 'png'}`);
    };
    const cache = await openCache(data, {}, locate);
    await hashBatches(cache, recipes.segmentation!, augmentPolicies.none, 0, steps);
    expect(cache.counts().decoded).toBe(pictures);
    expect(asked.length).toBe(2 * pictures);
    expect(new Set(asked).size).toBe(2 * pictures);
    await cache.close();
    await rm(join(work, 'far'), { recursive: true });
    const again = await openCache(data);
    await hashBatches(again, recipes.segmentation!, mosaic, 0, steps);
    expect(again.counts()).toMatchObject({ decoded: 0 });
    await again.close();
  });

  it('keeps pictures placed on the input, with how they were placed', async () => {
    const data = await writeData();
    for (const placement of ['letterbox-top-left', 'cover-centre', 'stretch'] as const) {
      const rule = placedRule({ width, height }, placement, 2);
      const loadAll = async (cache: SampleCache) => {
        const samples = [];
        for (let at = 0; at < pictures; at++) {
          const { sample, release } = await cache.load(at);
          samples.push({ ...sample, pixels: hashOf(sample.pixels), labelMap: hashOf(sample.labelMap!) });
          release();
        }
        return samples;
      };
      const decoded = await openCache(data, { ...without, rule });
      const first = await openCache(data, { rule });
      const wanted = await loadAll(decoded);
      expect(await loadAll(first)).toEqual(wanted);
      await first.close();
      const second = await openCache(data, { rule });
      expect(await loadAll(second)).toEqual(wanted);
      expect(second.counts()).toEqual({ read: pictures, remembered: 0, decoded: 0 });
      await second.close();
      await decoded.close();
    }
  });

  it('keeps no picture under a SHA-256 that is not its own', async () => {
    const data = await writeData();
    await writeFile(data[3]!.path, rendered[pictures]!);
    const cache = await openCache(data);
    await hashBatches(cache, recipes.classification!, augmentPolicies.none, 0, 5);
    expect(cache.kept()).toMatchObject({ pictures: pictures - 1 });
    expect(said).toEqual([expect.stringMatching(/"3\.jpg" is not the file its SHA-256 says/)]);
    await cache.close();
  });

  it('is of these pictures, this input and these classes, whatever else changes', async () => {
    const data = await writeData();
    const fill = async (of: readonly PlannedPicture[], more: Partial<SampleCacheOptions> = {}) => {
      const cache = await openCache(of, more);
      for (let at = 0; at < of.length; at++) (await cache.load(at)).release();
      const { decoded } = cache.counts();
      await cache.close();
      return decoded;
    };
    expect(await fill(data)).toBe(pictures);
    expect(await fill(data.map((picture) => ({ ...picture, classIndices: [1], name: 'other' })))).toBe(0);
    expect(await fill(data, { rule: shrunkRule({ width, height: 64 }, 2) })).toBe(pictures);
    expect(await fill(data, { rule: shrunkRule({ width, height }, 1) })).toBe(pictures);
    expect(await fill(data.slice(1))).toBe(pictures - 1);
  });

  it('keeps in memory what the disk has no room for, and says why', async () => {
    const data = await writeData();
    const cache = await openCache(data, { cache: { folder: join(work, 'kept'), bytes: 1_000_000 }, remembers: true });
    for (const _ of [1, 2]) for (let at = 0; at < pictures; at++) (await cache.load(at)).release();
    const { pictures: kept } = cache.kept()!;
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(pictures);
    expect(cache.isFull()).toBe(true);
    expect(cache.counts()).toEqual({ decoded: pictures, read: kept, remembered: pictures - kept });
    expect(said).toEqual([
      expect.stringMatching(/Of 20 pictures \d+ can be kept decoded on disk: 1 MB are kept at the most/),
    ]);
    await cache.close();
  });

  it('is done without where its folder cannot be made, which is said', async () => {
    const data = await writeData();
    const cache = await openCache(data, { cache: { folder: join(data[0]!.path, 'kept'), bytes: null } });
    (await cache.load(0)).release();
    expect(cache.kept()).toBeNull();
    expect(said).toEqual([expect.stringMatching(/in memory only: .* cannot be used/)]);
    await cache.close();
  });

  it('says which picture cannot be read', async () => {
    const data = await writeData();
    await rm(data[2]!.path);
    const cache = await openCache(data);
    await expect(cache.load(2)).rejects.toMatchObject({ code: 'unreadable_image', message: /2\.jpg/ });
    await cache.close();
  });
});
