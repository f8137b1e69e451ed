// Pictures taken in per second, all cores: everything Fovea knows of a picture from its file, beside the decoding alone by
// the same library (sharp), and beside Pillow filling the same columns. Interleaved rounds, median and spread.
//
//   npm run bench -- ingest [--json] [--rounds 5] [--pictures 400]
//
// The peer is installed the first time, see peer/python.mjs.
import { fork } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openPicturePool } from '@fovea/lake';
import sharp from 'sharp';
import { installPeer, startPeer } from './peer/python.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const json = process.argv.includes('--json');
const option = (name, usual) =>
  process.argv.includes(name) ? Number(process.argv[process.argv.indexOf(name) + 1]) : usual;
const [rounds, pictures] = [option('--rounds', 5), option('--pictures', 400)];
const cores = availableParallelism();
sharp.cache(false);

const source = join(process.env.FOVEA_SHARED ?? join(here, '../../shared'), 'data/cars/images');
if (!existsSync(source)) {
  console.error(`No pictures to take in: they are looked for in ${source} (FOVEA_SHARED names another folder).`);
  process.exit(2);
}
const originals = readdirSync(source)
  .filter((name) => /\.jpe?g$/i.test(name))
  .sort()
  .map((name) => readFileSync(join(source, name)));

const work = await mkdtemp(join(tmpdir(), 'fovea-bench-ingest-'));
const home = { path: join(work, 'home') };
for (const name of ['blobs', 'tmp']) await mkdir(join(home.path, name), { recursive: true });

/** The pictures as new files: a comment behind the JPEG's first marker makes their bytes nobody's yet. */
async function writePictures(round) {
  const folder = join(work, `round-${round}`);
  await mkdir(folder);
  const files = [];
  for (let n = 0; n < pictures; n++) {
    const text = Buffer.from(`round ${round}, picture ${n}`);
    const segment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, text.length + 2]), text]);
    const original = originals[n % originals.length];
    files.push(join(folder, `${n}.jpg`));
    await writeFile(files[n], Buffer.concat([original.subarray(0, 2), segment, original.subarray(2)]));
  }
  return { folder, files };
}

/** Processor time so far in ms of this process and of each of its children; undefined where the system does not tell. */
function childrenMs() {
  const list = `/proc/self/task/${process.pid}/children`;
  if (!existsSync(list)) return undefined;
  return new Map(
    readFileSync(list, 'utf8')
      .split(' ')
      .filter(Boolean)
      .map((pid) => {
        const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
        // A hundred ticks a second on every Linux.
        return [pid, (Number(fields[11]) + Number(fields[12])) * 10];
      }),
  );
}

/** Does `one` for each file, so many at once: pictures per second, processor time of each. */
async function pass(files, inFlight, one) {
  const [started, main, children] = [performance.now(), process.cpuUsage(), childrenMs()];
  let next = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < files.length) await one(files[next++]);
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(main);
  const mainMs = (user + system) / 1000;
  // Children that end meanwhile had nothing to do.
  const ofChildren = [...(childrenMs() ?? [])].reduce((sum, [pid, ms]) => sum + ms - (children.get(pid) ?? 0), 0);
  return {
    perSecond: files.length / seconds,
    mainMs: mainMs / files.length,
    ...(children && { cpuMs: (mainMs + ofChildren) / files.length }),
  };
}

/** Processes that read facts and keep nothing. */
async function startReaders() {
  const waiting = new Map();
  const readers = Array.from({ length: cores }, () => fork(join(here, 'ingest/worker.mjs')));
  for (const reader of readers) {
    reader.on('exit', (code) => code && process.exit(code));
    await new Promise((resolve) => reader.once('message', resolve));
    reader.on('message', ({ id }) => waiting.get(id)());
  }
  let id = 0;
  return {
    read: (path) =>
      new Promise((resolve) => {
        waiting.set(id, resolve);
        readers[id % readers.length].send({ id: id++, path });
      }),
    stop: () => readers.map((reader) => reader.disconnect()),
  };
}

let missing;
try {
  await installPeer(['pillow', 'numpy'], ['PIL', 'numpy']);
} catch (cause) {
  missing = cause.message.split('\n')[0];
}
const peer = missing === undefined ? await startPeer([join(here, 'ingest/peer.py'), String(cores)]) : undefined;
const askPeer = async (files, mode) => {
  const { seconds, cpuSeconds } = await peer.ask({ files, mode });
  return {
    perSecond: files.length / seconds,
    ...(cpuSeconds !== null && { cpuMs: (cpuSeconds * 1000) / files.length }),
  };
};

const readers = await startReaders();
const pool = openPicturePool(home);
const sides = {
  decoding: (files) => pass(files, 2 * cores, (file) => sharp(file).raw().toBuffer()),
  facts: (files) => pass(files, 3 * cores, readers.read),
  stored: async (files) => {
    // Workers that were idle for long have ended: the first pictures start them.
    const warm = files.slice(0, pool.size * 4);
    await Promise.all(warm.map((file) => pool.stow(file)));
    return pass(files.slice(warm.length), pool.size, (file) => pool.stow(file));
  },
  ...(peer && {
    pillow: (files) => askPeer(files, 'full'),
    pillowReduced: (files) => askPeer(files, 'reduced'),
    pillowNumpy: (files) => askPeer(files, 'numpy'),
  }),
};
const measured = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
for (let round = -1; round < rounds; round++) {
  const { folder, files } = await writePictures(round);
  // Whoever comes first finds the disk busy with the new files: each in turn.
  const order = Object.keys(sides).map((_, i, names) => names[(i + round + names.length) % names.length]);
  for (const name of order) {
    const figures = await sides[name](files);
    // The first round warms up.
    if (round >= 0) measured[name].push(figures);
  }
  await rm(folder, { recursive: true });
}
peer?.stop();
readers.stop();
await pool.close();
await rm(work, { recursive: true, force: true });

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const spreadOf = (values) => ({ median: median(values), least: Math.min(...values), most: Math.max(...values) });
const ratioOf = (name, to, key = 'perSecond') =>
  spreadOf(measured[name].map((figures, round) => figures[key] / measured[to][round][key]));
const hasCpu = measured.decoding.every(({ cpuMs }) => cpuMs !== undefined);
const result = {
  benchmark: 'ingest',
  what: 'pictures per second, 676 x 380 JPEG, all cores',
  cores,
  rounds,
  pictures,
  peer: missing === undefined ? peer?.hello : { missing },
  ratios: Object.fromEntries(
    ['facts', 'stored'].map((name) => [
      name,
      Object.fromEntries(
        Object.keys(sides)
          .filter((to) => to === 'decoding' || to.startsWith('pillow'))
          .map((to) => [to, { speed: ratioOf(name, to), ...(hasCpu && { work: ratioOf(to, name, 'cpuMs') }) }]),
      ),
    ]),
  ),
  sides: Object.fromEntries(
    Object.entries(measured).map(([name, figures]) => [
      name,
      {
        ...spreadOf(figures.map(({ perSecond }) => perSecond)),
        ...(hasCpu && { cpuMs: median(figures.map(({ cpuMs }) => cpuMs)) }),
        ...(figures[0].mainMs !== undefined && { mainMs: median(figures.map(({ mainMs }) => mainMs)) }),
      },
    ]),
  ),
};

if (json) console.log(JSON.stringify(result));
else {
  const names = {
    decoding: 'sharp, decoding alone',
    facts: 'Fovea, all facts',
    stored: 'Fovea, stored',
    pillow: 'Pillow, statistics of all pixels',
    pillowReduced: 'Pillow, statistics at half size',
    pillowNumpy: 'Pillow and NumPy, at half size',
  };
  const show = ({ median, least, most }, digits) =>
    `${median.toFixed(digits)} (${least.toFixed(digits)} to ${most.toFixed(digits)})`;
  console.log(`${result.what}; ${cores} cores, ${rounds} rounds of ${pictures}`);
  if (missing !== undefined) console.log(`Pillow could not be installed here: ${missing}`);
  for (const [name, ratios] of Object.entries(result.ratios)) {
    for (const [to, { speed, work }] of Object.entries(ratios)) {
      const byWork = work === undefined ? '' : `, by processor time ${show(work, 2)}`;
      console.log(`  ${`${names[name]} / ${names[to]}`.padEnd(54)} ${show(speed, 2)}${byWork}`);
    }
  }
  for (const [name, side] of Object.entries(result.sides)) {
    const each = side.cpuMs === undefined ? '' : `, ${side.cpuMs.toFixed(2)} ms of processor time each`;
    const main = name === 'stored' ? `, ${side.mainMs.toFixed(2)} of them in the main process` : '';
    console.log(`  ${names[name].padEnd(34)} ${show(side, 0)}${each}${main}`);
  }
}
