import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Xyxy } from '@fovea/annotations';
import { decodeImage, renderSamplePicture, resample } from '@fovea/image';
import {
  createProject,
  importPicture,
  listEmbeddingModels,
  openVectorIndexes,
  projectIdOf,
  type VectorIndexes,
} from '@fovea/lake';
import type { Home } from '@fovea/store';
import { openTestHome, type TestHome } from '@fovea/store/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { embedPicture, embedProject } from './embed.js';
import { openEmbedder, PIXELS } from './embedder.js';
import { findLabelMistakes } from './label-mistakes.js';
import { computeProjectMap } from './map.js';
import { findNearDuplicates } from './near-duplicates.js';
import { findOutliers } from './outliers.js';
import { computePixelDescriptor, PIXEL_DIMENSIONS } from './pixel-descriptor.js';
import { predictProject } from './predict.js';
import { findSimilar } from './similar.js';

const shared = process.env.FOVEA_SHARED ?? join(import.meta.dirname, '../../../../shared');
const models = join(shared, 'models');
const present = existsSync(join(models, 'CATALOGUE.tsv')) && existsSync(join(shared, 'data'));
if (!present) console.warn(`skipped: what needs real pictures and models, of which there are none in ${shared}`);

let test: TestHome;
let home: Home;
let indexes: VectorIndexes;
beforeAll(async () => {
  test = await openTestHome();
  home = test.home;
  indexes = openVectorIndexes(home);
});
afterAll(async () => {
  await indexes.close();
  await test.remove();
});

async function project(name: string, pictures: readonly Parameters<typeof importPicture>[2][]): Promise<string[]> {
  await createProject(home, { name });
  const all: string[] = [];
  for (const picture of pictures) all.push((await importPicture(home, name, picture)).sha256);
  return all;
}
const samples = (count: number, from = 0) =>
  Promise.all(
    Array.from({ length: count }, async (_, i) => ({
      bytes: (await renderSamplePicture(from + i)).bytes,
      name: `${from + i}.jpg`,
    })),
  );

describe('computePixelDescriptor', () => {
  it('is of length 1, and nearer for the same picture made smaller than for another', async () => {
    const [one, other] = await samples(2);
    const image = await decodeImage(one!.bytes);
    const smaller = { data: await resample(image, 240, 160), width: 240, height: 160 };
    const [a, b, c] = await Promise.all([image, smaller, other!.bytes].map((each) => computePixelDescriptor(each)));
    const cosine = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
    expect(a).toHaveLength(PIXEL_DIMENSIONS);
    expect(cosine(a!, a!)).toBeCloseTo(1, 5);
    expect(cosine(a!, b!)).toBeGreaterThan(0.98);
    expect(cosine(a!, c!)).toBeLessThan(cosine(a!, b!));
    const black = { data: new Uint8Array(300), width: 10, height: 10 };
    expect(Math.hypot(...(await computePixelDescriptor(black)))).toBeCloseTo(1, 5);
  });
});

describe('embedding a project', () => {
  it('does what is missing, tells of broken pictures, and goes on where it was stopped', async () => {
    const pictures = await samples(40, 100);
    const all = await project('goes on', pictures);
    // One whose bytes went bad after it was taken in, and one that never was a picture.
    await writeFile(await home.blobs.localPath(all[3]!), 'no picture');
    const { sha256 } = await home.blobs.put(new TextEncoder().encode('none either'));
    await home.pool.query('update fovea.media set sha256 = $1 where sha256 = $2', [sha256, all[5]]);
    const controller = new AbortController();
    const stopped = embedProject(home, 'goes on', {
      model: PIXELS,
      batch: 4,
      signal: controller.signal,
      onProgress: ({ done }) => done >= 12 && controller.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    const [before] = await listEmbeddingModels(home, 'goes on');
    expect(before!.embedded).toBeGreaterThanOrEqual(12);
    expect(before!.embedded).toBeLessThan(38);
    const report = await embedProject(home, 'goes on', { model: PIXELS });
    expect(report).toMatchObject({
      model: PIXELS,
      done: 38 - before!.embedded,
      skipped: before!.embedded,
      failed: 2,
      problems: [
        { sha256: all[3], name: '103.jpg', code: 'damaged_blob' },
        { sha256, name: '105.jpg', code: 'unreadable_image' },
      ],
    });
    expect(await listEmbeddingModels(home, 'goes on')).toEqual([
      { model: PIXELS, dimensions: PIXEL_DIMENSIONS, embedded: 38, missing: 2 },
    ]);
    expect(await embedProject(home, 'goes on', { model: PIXELS })).toMatchObject({ done: 0, skipped: 38, failed: 2 });
  });

  it('finds what is like a picture, a part of one, or one from outside, and makes a map', async () => {
    const pictures = await samples(12, 300);
    const all = await project('alike', pictures);
    await embedProject(home, 'alike', { model: PIXELS });
    const found = await findSimilar(home, indexes, 'alike', { sha256: all[0]! }, { model: PIXELS, count: 5 });
    expect(found).toHaveLength(5);
    expect(found.map(({ sha256 }) => sha256)).not.toContain(all[0]);
    const [outside] = await findSimilar(home, indexes, 'alike', { bytes: pictures[4]!.bytes }, { model: PIXELS });
    expect(outside).toMatchObject({ sha256: all[4], name: '304.jpg' });
    expect(outside!.similarity).toBeCloseTo(1, 5);
    const region: Xyxy = [-20, 0, 200, 150];
    const embedder = await openEmbedder(home, PIXELS);
    const vector = await embedPicture(home, embedder, pictures[4]!.bytes, region);
    const byVector = await findSimilar(home, indexes, 'alike', { vector }, { model: PIXELS, count: 12 });
    const byRegion = await findSimilar(
      home,
      indexes,
      'alike',
      { sha256: all[4]!, region },
      { model: embedder, count: 11 },
    );
    expect(byRegion).toEqual(byVector.filter(({ sha256 }) => sha256 !== all[4]));
    const only = byVector.slice(3, 6).map(({ mediaId }) => mediaId);
    const some = await findSimilar(home, indexes, 'alike', { vector }, { model: PIXELS, only });
    expect(some.map(({ mediaId }) => mediaId)).toEqual(only);
    await expect(embedPicture(home, PIXELS, pictures[0]!.bytes, [900, 0, 950, 10])).rejects.toMatchObject({
      code: 'bad_region',
    });
    await expect(
      findSimilar(home, indexes, 'alike', { sha256: 'f'.repeat(64) }, { model: PIXELS }),
    ).rejects.toMatchObject({
      code: 'unknown_media',
    });
    const map = await computeProjectMap(home, 'alike', { model: PIXELS });
    expect(map.points).toHaveLength(24);
    let told = 0;
    expect(await computeProjectMap(home, 'alike', { model: PIXELS, onProgress: () => told++ })).toEqual(map);
    expect(told).toBe(0);
    const byEmbedding = await findNearDuplicates(home, 'alike', {
      by: 'embedding',
      indexes,
      model: PIXELS,
      distance: 0,
    });
    expect(byEmbedding).toEqual([]);
    expect(await findOutliers(home, indexes, 'alike', { model: PIXELS, neighbours: 3, count: 4 })).toHaveLength(4);
  });

  it('says which models there are', async () => {
    await project('no models', await samples(1, 400));
    const attempt = (model: string) => embedProject(home, 'no models', { model });
    const before = process.env.FOVEA_MODEL_PATH;
    process.env.FOVEA_MODEL_PATH = '';
    try {
      await expect(attempt('mobilenet_v2')).rejects.toMatchObject({ code: 'pretrained_missing' });
      await expect(attempt('no such')).rejects.toMatchObject({ code: 'unknown_model' });
      await expect(embedProject(home, 'none', { model: PIXELS })).rejects.toMatchObject({ code: 'unknown_project' });
      await expect(findLabelMistakes(home, 'no models', { of: 'boxes', model: 'yolox_nano' })).rejects.toMatchObject({
        code: 'no_predictions',
      });
    } finally {
      process.env.FOVEA_MODEL_PATH = before ?? '';
    }
  });
});

describe.skipIf(!present)('real pictures', () => {
  beforeAll(() => {
    process.env.FOVEA_MODEL_PATH = models;
  });

  it('hymenoptera: exchanged classes are found by the features of MobileNetV2', async () => {
    const planted = new Set<string>();
    const pictures: { bytes: Uint8Array; name: string; classNames: string[] }[] = [];
    for (const own of ['ants', 'bees']) {
      const folder = join(shared, 'data/hymenoptera/val', own);
      for (const [at, file] of (await readdir(folder)).sort().entries()) {
        const name = `${own}/${file}`;
        const wrong = at % 9 === 4;
        if (wrong) planted.add(name);
        const other = own === 'ants' ? 'bees' : 'ants';
        pictures.push({ bytes: await readFile(join(folder, file)), name, classNames: [wrong ? other : own] });
      }
    }
    await project('hymenoptera', pictures);
    const report = await embedProject(home, 'hymenoptera', { model: 'mobilenet_v2' });
    expect(report).toMatchObject({ model: 'mobilenet_v2', done: pictures.length, failed: 0 });
    const mistakes = await findLabelMistakes(home, 'hymenoptera', { of: 'classes', indexes, model: 'mobilenet_v2' });
    const top = mistakes.slice(0, planted.size);
    const precision = top.filter(({ name }) => planted.has(name)).length / planted.size;
    console.log(`hymenoptera: precision at ${planted.size} planted of ${pictures.length}: ${precision.toFixed(2)}`);
    expect(precision).toBeGreaterThan(0.6);
  }, 300_000);

  it('cars: boxes that were left out, made up, named otherwise and moved are found by YOLOX', async () => {
    const rows = (await readFile(join(shared, 'data/cars/boxes.csv'), 'utf8')).trim().split('\n').slice(1);
    const boxes = new Map<string, Xyxy[]>();
    for (const row of rows) {
      const [image, ...numbers] = row.split(',');
      const [x1, y1, x2, y2] = numbers.map(Number) as [number, number, number, number];
      if (!Number.isNaN(x1)) boxes.set(image!, [...(boxes.get(image!) ?? []), [x1, y1, x2, y2]]);
    }
    const kinds = ['missing', 'spurious', 'confused', 'misplaced'] as const;
    const planted = new Map<string, (typeof kinds)[number]>();
    const pictures = await Promise.all(
      [...boxes].slice(0, 120).map(async ([name, own], at) => {
        const annotations = own.map((box) => ({ className: 'car', box }));
        const kind = at % 3 === 1 ? kinds[Math.floor(at / 3) % 4]! : undefined;
        if (kind) planted.set(name, kind);
        const [first] = annotations;
        const [x1, y1, x2, y2] = first!.box;
        const width = x2 - x1;
        if (kind === 'missing') annotations.shift();
        if (kind === 'spurious') annotations.push({ className: 'car', box: [20 + at, 20, 90 + at, 80] });
        if (kind === 'confused') annotations[0] = { className: 'bird', box: first!.box };
        if (kind === 'misplaced') {
          const shift = x1 > width ? -0.5 * width : 0.5 * width;
          annotations[0] = { className: 'car', box: [x1 + shift, y1, x2 + shift, y2] };
        }
        return { bytes: await readFile(join(shared, 'data/cars/images', name)), name, annotations };
      }),
    );
    await project('cars', pictures);
    const report = await predictProject(home, 'cars', { model: 'yolox_nano', confidence: 0.05 });
    expect(report).toMatchObject({ model: 'yolox_nano', done: 120, failed: 0 });
    const projectId = await projectIdOf(home, 'cars');
    const count = async () =>
      (await home.pool.query('select count(*)::integer as n from fovea.predictions where project_id = $1', [projectId]))
        .rows[0].n as number;
    const once = await count();
    expect(once).toBeGreaterThan(120);
    // What the model said before is replaced; what it has seen can be left.
    await predictProject(home, 'cars', { model: 'yolox_nano', confidence: 0.05 });
    expect(await count()).toBe(once);
    expect(await predictProject(home, 'cars', { model: 'yolox_nano', again: false })).toMatchObject({
      done: 0,
      skipped: 120,
    });

    const mistakes = await findLabelMistakes(home, 'cars', { of: 'boxes', model: 'yolox_nano' });
    const hit = ({ name, kind }: { name: string; kind: string }) => planted.get(name) === kind;
    for (const kind of kinds) {
      const there = [...planted.values()].filter((own) => own === kind).length;
      const top = mistakes.filter((own) => own.kind === kind).slice(0, there);
      console.log(
        `cars, ${kind}: precision at ${there} planted of 120 pictures: ${(top.filter(hit).length / there).toFixed(2)}`,
      );
    }
    const top = mistakes.slice(0, planted.size);
    const precision = top.filter(hit).length / planted.size;
    console.log(`cars, all kinds: precision at ${planted.size}: ${precision.toFixed(2)}`);
    expect(precision).toBeGreaterThan(0.5);
  }, 300_000);
});
