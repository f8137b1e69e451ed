// Pictures per second that training is fed, from samples kept on disk and from files, beside what the ResNet of the
// training benchmark eats: whole batches of 32 x 64x64, augmentation off and on, interleaved rounds, median and spread.
//
//   npm run bench -- cache [--json] [--rounds 5] [--large 100000]
//
// `--large` says instead what memory it takes to be fed so many pictures, twice, beside a tenth of them.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writePictures } from '../packages/train/dist/loading/write-pictures.js';
import { startProcess } from './peer/python.mjs';

const { readImageSize } = await import('@fovea/image');
const { networkLayout } = await import('@fovea/models');
const { initialize, seededRandom } = await import('@fovea/nn');
const { recipeOf, workloads } = await import('./training/networks.mjs');

const here = dirname(fileURLToPath(import.meta.url));
const option = (name, usual) =>
  process.argv.includes(name) ? Number(process.argv[process.argv.indexOf(name) + 1]) : usual;
const json = process.argv.includes('--json');
const rounds = option('--rounds', 5);
const large = option('--large', 0);
const workload = workloads.resnet;
const { batch, width: side } = workload;
const cores = availableParallelism();

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const spread = (values) => ({ median: median(values), least: Math.min(...values), most: Math.max(...values) });
const hashOf = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Lists pictures for a side process, which keeps them decoded in the same folder. */
async function startFeed(folder, pictures) {
  mkdirSync(folder, { recursive: true });
  const { train } = await writePictures(folder, pictures);
  writeFileSync(join(folder, 'index.json'), JSON.stringify(train));
  return startProcess(process.execPath, [join(here, 'cache/feed.mjs'), folder, String(side), String(batch)]);
}

/** The step of the training benchmark, on a batch of noise. */
function startStep(folder) {
  mkdirSync(folder, { recursive: true });
  const layout = networkLayout(recipeOf(workload).network);
  const random = seededRandom(0);
  const weights = initialize(layout.parameters, layout.size, random);
  const drawn = (length, below) => Uint8Array.from({ length }, () => random() * below);
  writeFileSync(join(folder, 'weights.f32'), new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength));
  writeFileSync(join(folder, 'pictures.u8'), drawn(batch * side * side * 3, 256));
  writeFileSync(join(folder, 'labels.u8'), drawn(batch, workload.classes));
  return startProcess(process.execPath, [join(here, 'training/step.mjs'), 'resnet', String(cores), '1', folder]);
}

/** The pictures of the shared data, each as often as it takes to have enough for an epoch. */
async function realPictures() {
  const shared = join(process.env.FOVEA_SHARED ?? join(here, '../../shared'), 'data');
  const paths = ['cars', 'hymenoptera']
    .map((name) => join(shared, name))
    .filter(existsSync)
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, name)))
    .filter((path) => /\.jpe?g$/i.test(path))
    .sort();
  if (paths.length === 0) {
    console.error(`No pictures: cars and hymenoptera are looked for in ${shared} (FOVEA_SHARED names another folder).`);
    process.exit(2);
  }
  return Promise.all(
    paths.map(async (path, n) => ({
      ...{ sha256: hashOf(readFileSync(path)), name: path, path, split: 'train', annotations: [] },
      ...{ classIndices: [n % 10], ...(await readImageSize(path)) },
    })),
  );
}

async function measureSpeed(work) {
  const pictures = await realPictures();
  const feed = await startFeed(join(work, 'pictures'), pictures);
  const step = await startStep(join(work, 'step'));
  const epoch = Math.ceil(pictures.length / batch);
  const building = await feed.ask({ from: 'kept', augment: false, step: 0, steps: epoch });
  const sides = { step: [], kept: [], keptAugmented: [], files: [], filesAugmented: [] };
  const stepCpuMs = [];
  const cpuMs = { kept: [], keptAugmented: [], files: [], filesAugmented: [] };
  const request = { step: epoch, steps: epoch };
  for (let round = -1; round < rounds; round++) {
    const { seconds, cpuSeconds } = await step.ask({ steps: 4 });
    const measured = {
      kept: await feed.ask({ ...request, from: 'kept', augment: false }),
      files: await feed.ask({ ...request, from: 'files', augment: false }),
      keptAugmented: await feed.ask({ ...request, from: 'kept', augment: true }),
      filesAugmented: await feed.ask({ ...request, from: 'files', augment: true }),
    };
    // The first round warms up.
    if (round < 0) continue;
    sides.step.push((4 * batch) / seconds);
    stepCpuMs.push((cpuSeconds * 1000) / (4 * batch));
    for (const [key, figures] of Object.entries(measured)) {
      sides[key].push(figures.perSecond);
      cpuMs[key].push(figures.cpuMs);
    }
  }
  const { kept: disk } = await feed.ask({ ...request, steps: 1, from: 'kept', augment: false });
  feed.stop();
  step.stop();
  const eaten = { ...spread(sides.step), cpuMs: median(stepCpuMs) };
  const ofSide = (key) => ({ ...spread(sides[key]), cpuMs: median(cpuMs[key]) });
  const kinds = Object.keys(cpuMs);
  return {
    pictures: pictures.length,
    disk,
    ratios: Object.fromEntries(kinds.map((key) => [key, median(sides[key]) / eaten.median])),
    // Of processor time: what other processes take of the machine does not show in it.
    cpuRatios: Object.fromEntries(kinds.map((key) => [key, eaten.cpuMs / median(cpuMs[key])])),
    step: eaten,
    building: building.perSecond,
    ...Object.fromEntries(kinds.map((key) => [key, ofSide(key)])),
  };
}

/** Files of which the pictures of `--large` are: each stands for many, and is kept as often. */
const noiseFiles = 1000;

/** Pictures of 96 x 96 noise in JPEG files. */
async function writeNoise(folder, count) {
  const { default: sharp } = await import('sharp');
  mkdirSync(folder, { recursive: true });
  const random = seededRandom(1);
  const files = [];
  for (let n = 0; n < Math.min(noiseFiles, count); n++) {
    const data = Uint8Array.from({ length: 12 * 12 * 3 }, () => random() * 256);
    const small = sharp(data, { raw: { width: 12, height: 12, channels: 3 } });
    const bytes = await small.resize(96, 96).jpeg().toBuffer();
    const path = join(folder, `${n}.jpg`);
    writeFileSync(path, bytes);
    files.push({ sha256: hashOf(bytes), path });
  }
  return Array.from({ length: count }, (_, n) => ({
    ...{ ...files[n % files.length], name: `${n}.jpg`, width: 96, height: 96, split: 'train' },
    ...{ annotations: [], classIndices: [n % 10] },
  }));
}

/** Memory of a side that is fed `pictures`, over two epochs. */
async function measureMemory(work, pictures) {
  const feed = await startFeed(work, pictures);
  const epoch = Math.ceil(pictures.length / batch);
  const parts = 10;
  const answers = [];
  for (let part = 0; part < 2 * parts; part++) {
    const at = Math.floor((part * epoch) / parts);
    const steps = Math.floor(((part + 1) * epoch) / parts) - at;
    answers.push(await feed.ask({ from: 'kept', augment: true, step: at, steps }));
  }
  feed.stop();
  const last = answers.at(-1);
  return {
    pictures: pictures.length,
    keptBytes: last.kept.bytes,
    counts: last.counts,
    building: median(answers.slice(0, parts).map(({ perSecond }) => perSecond)),
    reading: median(answers.slice(parts).map(({ perSecond }) => perSecond)),
    bytesNow: answers.map(({ bytesNow }) => bytesNow),
    bytesMost: last.bytesMost,
  };
}

const work = mkdtempSync(join(tmpdir(), 'fovea-bench-'));
const show = ({ median: middle, least, most, cpuMs }) =>
  `${middle.toFixed(0)} (${least.toFixed(0)} to ${most.toFixed(0)})` +
  (cpuMs === undefined ? '' : `, ${cpuMs.toFixed(2)} ms of processor time each`);
const giga = (bytes) => `${(bytes / 1e9).toFixed(2)} GB`;
try {
  if (large > 0) {
    const pictures = await writeNoise(join(work, 'noise'), large);
    const few = await measureMemory(join(work, 'few'), pictures.slice(0, Math.ceil(large / 10)));
    const many = await measureMemory(join(work, 'many'), pictures);
    const result = { benchmark: 'cache', ratio: many.bytesMost / few.bytesMost, few, many };
    if (json) console.log(JSON.stringify(result));
    else {
      console.log(`ratio of memory, ${many.pictures} pictures to ${few.pictures}: ${result.ratio.toFixed(2)}`);
      for (const one of [few, many]) {
        const tenths = one.bytesNow.map((bytes) => (bytes / 1e6).toFixed(0)).join(' ');
        console.log(`${one.pictures} pictures, ${giga(one.keptBytes)} kept: ${giga(one.bytesMost)} of memory at most`);
        console.log(`  by tenths of two epochs, MB: ${tenths}`);
        console.log(`  ${one.building.toFixed(0)} a second decoded and kept, then ${one.reading.toFixed(0)} read`);
      }
    }
  } else {
    const result = { benchmark: 'cache', cores, rounds, ...(await measureSpeed(work)) };
    if (json) console.log(JSON.stringify(result));
    else {
      console.log(`Batches of ${workload.what}, ${result.pictures} JPEGs, ${cores} cores, ${rounds} rounds`);
      const names = {
        kept: 'kept decoded',
        keptAugmented: 'kept decoded, augmented',
        files: 'from files',
        filesAugmented: 'from files, augmented',
      };
      for (const [key, name] of Object.entries(names))
        console.log(
          `  ratio to what the step eats, ${name.padEnd(24)} ${result.ratios[key].toFixed(1)}, by processor time ${result.cpuRatios[key].toFixed(1)}`,
        );
      console.log(`  ${'the step eats'.padEnd(24)} ${show(result.step)}`);
      for (const [key, name] of Object.entries(names)) console.log(`  ${name.padEnd(24)} ${show(result[key])}`);
      console.log(`  decoded and kept at once ${result.building.toFixed(0)}; ${giga(result.disk.bytes)} kept`);
    }
  }
} finally {
  // A side may still be closing its files.
  rmSync(work, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}
