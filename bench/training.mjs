// Training images per second and peak memory, Fovea beside PyTorch in eager mode: the same networks, weights, batch,
// float32 and threads, losses compared; interleaved rounds, each side in a process of its own, median and spread.
//
//   npm run bench -- training [--json] [--rounds 5] [--only resnet,unet] [--layouts] [--profile]
//
// `--layouts` adds Fovea in one wide session, and PyTorch in channels-last. `--profile` says instead where the time of
// Fovea's step goes, by operator.
// The peer is installed the first time, see peer/python.mjs.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPeer, startPeer, startProcess } from './peer/python.mjs';
import { settings } from './training/settings.mjs';

const { networkLayout } = await import('@fovea/models');
const { initialize, seededRandom } = await import('@fovea/nn');
const { recipeOf, workloads } = await import('./training/networks.mjs');

const here = join(dirname(fileURLToPath(import.meta.url)), 'training');
const option = (name, usual) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : usual);
const json = process.argv.includes('--json');
const layouts = process.argv.includes('--layouts');
const rounds = Number(option('--rounds', 5));
const only = option('--only', Object.keys(workloads).join()).split(',');
/** A round is about this long on each side. */
const roundSeconds = 4;
const comparedSteps = 4;
const cores = availableParallelism();

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const bytes = (array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** Writes the weights and the batch both sides start from. */
function writeStart(folder, workload) {
  const { batch, height, width, classes, dense } = workload;
  const layout = networkLayout(recipeOf(workload).network);
  const random = seededRandom(0);
  const drawn = (length, below) => Uint8Array.from({ length }, () => random() * below);
  writeFileSync(join(folder, 'weights.f32'), bytes(initialize(layout.parameters, layout.size, random)));
  writeFileSync(join(folder, 'pictures.u8'), drawn(batch * height * width * 3, 256));
  writeFileSync(join(folder, 'labels.u8'), drawn(dense ? batch * height * width : batch, classes));
  return layout.size;
}

/** One side: its first losses, then images per second by round. */
async function startSide(start, batch) {
  const side = await start();
  const first = await side.ask({ steps: comparedSteps });
  const steps = Math.max(1, Math.round((roundSeconds * comparedSteps) / first.seconds));
  let peakBytes = first.peakBytes;
  const speeds = [];
  return {
    hello: side.hello,
    losses: first.losses,
    async round(warm) {
      const { seconds, peakBytes: peak } = await side.ask({ steps });
      peakBytes = peak;
      if (!warm) speeds.push((steps * batch) / seconds);
    },
    stop: side.stop,
    result: () => ({
      imagesPerSecond: median(speeds),
      least: Math.min(...speeds),
      most: Math.max(...speeds),
      peakBytes,
    }),
  };
}

async function measure(name, peerThere) {
  const workload = workloads[name];
  const folder = mkdtempSync(join(tmpdir(), 'fovea-bench-'));
  try {
    const parameters = writeStart(folder, workload);
    const fovea = (workers, threads) => () =>
      startProcess(process.execPath, [join(here, 'step.mjs'), name, String(workers), String(threads), folder]);
    const peer = (format) => () =>
      startPeer([
        join(here, 'peer.py'),
        ...[name, String(cores), folder],
        ...[settings.learningRate, settings.momentum].map(String),
        format,
      ]);
    // Statistics of a normalization are over a worker's share, so losses are compared where one worker has the whole batch.
    const whole = await fovea(1, cores)();
    const { losses } = await whole.ask({ steps: comparedSteps });
    whole.stop();
    const starts = {
      fovea: fovea(cores, 1),
      ...(peerThere && { peer: peer('contiguous') }),
      ...(layouts && {
        foveaOneSession: fovea(1, cores),
        ...(peerThere && { peerChannelsLast: peer('channels_last') }),
      }),
    };
    const sides = {};
    for (const [key, start] of Object.entries(starts)) sides[key] = await startSide(start, workload.batch);
    for (let round = -1; round < rounds; round++) for (const side of Object.values(sides)) await side.round(round < 0);
    for (const side of Object.values(sides)) side.stop();
    const results = Object.fromEntries(Object.entries(sides).map(([key, side]) => [key, side.result()]));
    const difference = (a, b) => Math.max(...a.map((loss, i) => Math.abs(loss - b[i]) / Math.abs(b[i])));
    return {
      what: workload.what,
      parameters,
      ...(sides.peer && {
        ratio: results.fovea.imagesPerSecond / results.peer.imagesPerSecond,
        memoryRatio: results.fovea.peakBytes / results.peer.peakBytes,
        peer: sides.peer.hello,
        losses: { fovea: losses, peer: sides.peer.losses, worstDifference: difference(losses, sides.peer.losses) },
      }),
      sides: results,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv.includes('--profile')) {
  const { profile } = await import('./training/profile.mjs');
  for (const name of only) await profile(name);
  process.exit(0);
}

let missing;
try {
  await installPeer();
} catch (cause) {
  missing = cause.message.split('\n')[0];
}
const result = { benchmark: 'training', cores, rounds, ...(missing && { peer: { missing } }), workloads: {} };
if (missing && !json) console.log(`PyTorch could not be installed here: ${missing}`);
for (const name of only) {
  const measured = await measure(name, missing === undefined);
  result.workloads[name] = measured;
  if (json) continue;
  const { what, parameters, ratio, memoryRatio, peer, losses, sides } = measured;
  console.log(`${what}, ${(parameters / 1e6).toFixed(1)} M parameters, ${cores} cores, ${rounds} rounds`);
  if (peer) {
    console.log(`  ratio to PyTorch ${peer.torch} eager: speed ${ratio.toFixed(2)}, memory ${memoryRatio.toFixed(2)}`);
    console.log(`  losses of ${comparedSteps} steps differ by ${losses.worstDifference.toExponential(1)} at most`);
  }
  for (const [side, { imagesPerSecond, least, most, peakBytes }] of Object.entries(sides))
    console.log(
      `  ${side.padEnd(16)} ${imagesPerSecond.toFixed(1)} images/s (${least.toFixed(1)} to ${most.toFixed(1)}), ` +
        `${(peakBytes / 2 ** 30).toFixed(2)} GB at most`,
    );
}
if (json) console.log(JSON.stringify(result));
