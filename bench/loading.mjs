// Pictures decoded and augmented per second for training (random crop to 224 x 224, flip, colour), by Fovea and by
// PyTorch's DataLoader with torchvision over PIL, on the same JPEG files. Interleaved rounds, median and spread.
//
//   npm run bench -- loading [--json] [--rounds 5]
//
// The peer is installed the first time, see peer/python.mjs.
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPeer, startPeer } from './peer/python.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const json = process.argv.includes('--json');
const option = (name, usual) =>
  process.argv.includes(name) ? Number(process.argv[process.argv.indexOf(name) + 1]) : usual;
const rounds = option('--rounds', 5);
const [side, batch, inFlight, peerWorkers] = [224, 32, 6, 2];
// What the peer's transforms do, in Fovea's words.
const policy = {
  fit: 'random-resized-crop',
  area: [0.25, 1],
  ratio: [3 / 4, 4 / 3],
  mirror: 0.5,
  brightness: 0.2,
  contrast: 0.2,
  saturation: 0.3,
  hue: 8,
};

const { applyColour, augmentSample, decodeImage, readImageSize } = await import('@fovea/image');
const { seededRandom } = await import('@fovea/nn');

const shared = join(process.env.FOVEA_SHARED ?? join(here, '../../shared'), 'data');
const jpegsOf = (folder) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => /\.jpe?g$/i.test(name))
    .sort()
    .map((name) => join(folder, name));

/** Goes through the pictures once, in batches as training takes them: pictures per second, processor time of one in ms; `get` gives a picture, decoded or not. */
async function pass(files, get, random) {
  const slots = Array.from({ length: 2 }, () => new Uint8Array(batch * side * side * 3));
  const order = [...files.keys()];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  let next = 0;
  const started = performance.now();
  const before = process.cpuUsage();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < order.length) {
        const n = next++;
        const slot = slots[Math.floor(n / batch) % 2];
        const pixels = slot.subarray((n % batch) * side * side * 3, ((n % batch) + 1) * side * side * 3);
        const image = await get(files[order[n]]);
        const { colour } = await augmentSample({ image }, { pixels }, side, side, policy, random);
        // In training this matrix is the step graph's first node; here it must be done to be compared.
        applyColour(pixels, colour);
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { perSecond: files.length / seconds, cpuMs: (user + system) / 1000 / files.length };
}

/** A peer process over some files; `pass()` goes through them once, as `pass` above. */
async function startLoader(files) {
  const peer = await startPeer([join(here, 'loading/peer.py'), String(peerWorkers), String(batch), ...files]);
  return {
    versions: peer.hello,
    async pass() {
      const { images, seconds, cpuSeconds } = await peer.ask({ passes: 1 });
      return { perSecond: images / seconds, cpuMs: cpuSeconds === null ? undefined : (cpuSeconds * 1000) / images };
    },
    stop: peer.stop,
  };
}

const sets = Object.fromEntries(
  ['cars', 'hymenoptera']
    .map((name) => [name, join(shared, name)])
    .filter(([, folder]) => existsSync(folder))
    .map(([name, folder]) => [name, jpegsOf(folder)]),
);
if (Object.keys(sets).length === 0) {
  console.error(
    `No pictures to load: cars and hymenoptera are looked for in ${shared} (FOVEA_SHARED names another folder).`,
  );
  process.exit(2);
}

let missing;
try {
  await installPeer();
} catch (cause) {
  missing = cause.message.split('\n')[0];
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const spread = (measured) => {
  const speeds = measured.map(({ perSecond }) => perSecond);
  const cpuMs = measured.map(({ cpuMs }) => cpuMs).filter((value) => value !== undefined);
  return {
    median: median(speeds),
    least: Math.min(...speeds),
    most: Math.max(...speeds),
    ...(cpuMs.length > 0 && { cpuMs: median(cpuMs) }),
  };
};

const result = {
  benchmark: 'loading',
  what: `JPEG decoded, random crop to ${side} x ${side}, flip, colour; pictures per second`,
  cores: availableParallelism(),
  rounds,
  peer: missing === undefined ? undefined : { missing },
  sets: {},
};
for (const [name, files] of Object.entries(sets)) {
  const random = seededRandom(0);
  const decoded = new Map();
  // Sizes are known from the import of the pictures; the bytes are read anew each time.
  const sizes = new Map(await Promise.all(files.map(async (file) => [file, await readImageSize(file)])));
  const fromFile = async (file) => ({ bytes: await readFile(file), ...sizes.get(file) });
  const fromMemory = (file) => {
    if (!decoded.has(file)) decoded.set(file, decodeImage(file));
    return decoded.get(file);
  };
  const peer = missing === undefined ? await startLoader(files) : undefined;
  if (peer) result.peer = { ...peer.versions, workers: peerWorkers };
  const figures = { fovea: [], foveaCached: [], peer: [] };
  for (let round = -1; round < rounds; round++) {
    const measured = {
      fovea: await pass(files, fromFile, random),
      foveaCached: await pass(files, fromMemory, random),
      peer: peer && (await peer.pass()),
    };
    // The first round warms up.
    if (round >= 0) for (const [key, value] of Object.entries(measured)) if (value) figures[key].push(value);
  }
  peer?.stop();
  const { fovea, foveaCached } = { fovea: spread(figures.fovea), foveaCached: spread(figures.foveaCached) };
  const against = peer && spread(figures.peer);
  result.sets[name] = {
    pictures: files.length,
    ...(against && { ratio: fovea.median / against.median, ratioCached: foveaCached.median / against.median }),
    fovea,
    foveaCached,
    ...(against && { peer: against }),
  };
}

if (json) console.log(JSON.stringify(result));
else {
  const show = ({ median, least, most, cpuMs }) =>
    `${median.toFixed(0)} (${least.toFixed(0)} to ${most.toFixed(0)})` +
    (cpuMs === undefined ? '' : `, ${cpuMs.toFixed(1)} ms of processor time each`);
  console.log(`${result.what}; ${result.cores} cores, ${rounds} rounds`);
  if (missing !== undefined) console.log(`PyTorch could not be installed here: ${missing}`);
  for (const [name, { pictures, ratio, ratioCached, fovea, foveaCached, peer }] of Object.entries(result.sets)) {
    console.log(`${name}, ${pictures} pictures`);
    if (peer)
      console.log(
        `  ratio to PyTorch's DataLoader  ${ratio.toFixed(2)}, from the second epoch on ${ratioCached.toFixed(2)}`,
      );
    console.log(`  Fovea, from files              ${show(fovea)}`);
    console.log(`  Fovea, decoded in memory       ${show(foveaCached)}`);
    if (peer) console.log(`  DataLoader, ${peerWorkers} workers          ${show(peer)}`);
  }
}
