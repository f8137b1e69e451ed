// Images per second of the detector's whole training step (optimizer, forward, gradients), without loading pictures:
// `workers` threads of one onnxruntime thread each, against one session with as many threads. Interleaved rounds, median.
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

const json = process.argv.includes('--json');
const [width, height, batch, rounds, stepsPerRound] = [384, 224, 8, 5, 6];
const cores = availableParallelism();

const worker = `
  const { workerData, parentPort } = require('node:worker_threads');
  (async () => {
    const { createSession } = await import(workerData.runtime);
    const session = await createSession(workerData.model, { threads: workerData.threads });
    parentPort.on('message', async (steps) => {
      const started = performance.now();
      for (let i = 0; i < steps; i++) await session.run(workerData.feeds);
      parentPort.postMessage(performance.now() - started);
    });
    parentPort.postMessage('ready');
  })();
`;

const { networkLayout, positionsOf } = await import('@fovea/models');
const { gradientsFirst } = await import('@fovea/autodiff');
const { recipeOf, stateNamesOf, stepGraph } = await import('@fovea/train');
const { encodeModel, modelOf } = await import('@fovea/onnx');
const { initialize, seededRandom } = await import('@fovea/nn');
const { optimizerOf } = await import('@fovea/optim');

const plan = { task: 'detection', classNames: ['thing'], width, height, source: null, loss: { name: 'quality-focal' } };
const recipe = await recipeOf(plan);
const layout = networkLayout(recipe.network);
const optimizer = optimizerOf({ name: 'adamw' });
const f32 = (data, shape) => ({ dtype: 'float32', data, shape });

function feedsFor(share) {
  const positions = positionsOf(recipe.network).x.length;
  const random = seededRandom(0);
  const vector = () => f32(new Float32Array(layout.size), [layout.size]);
  const targetClasses = new Float32Array(share * positions);
  const targetBoxes = new Float32Array(share * 4 * positions);
  for (let n = 0; n < share; n++)
    for (let at = 300; at < 320; at++) {
      targetClasses[n * positions + at] = 1;
      [100, 60, 160, 100].forEach((value, side) => {
        targetBoxes[(n * 4 + side) * positions + at] = value;
      });
    }
  const colours = new Float32Array(share * 12);
  for (let n = 0; n < share; n++) for (let row = 0; row < 3; row++) colours[n * 12 + row * 5] = 1;
  return {
    ...Object.fromEntries(stateNamesOf(optimizer).map((name) => [name, vector()])),
    parameters: f32(initialize(layout.parameters, layout.size, random), [layout.size]),
    buffers: f32(initialize(layout.buffers, layout.bufferSize, random), [layout.bufferSize]),
    gradient0: vector(),
    hyper: f32(optimizer.hyper(1, 1e-3, 0.9), [optimizer.hyperNames.length]),
    scale: f32(Float32Array.of(0.05), [1]),
    pictures: {
      dtype: 'uint8',
      shape: [share, height, width, 3],
      data: Uint8Array.from({ length: share * height * width * 3 }, () => random() * 256),
    },
    colours: f32(colours, [share, 3, 4]),
    targetClasses: f32(targetClasses, [share, 1, positions]),
    targetBoxes: f32(targetBoxes, [share, 4, positions]),
  };
}

async function start(workers, threads) {
  const share = batch / workers;
  const step = stepGraph(recipe, layout, optimizer, { batch: share, workers: 1 });
  const model = encodeModel(modelOf(gradientsFirst(step.graph)));
  const runtime = import.meta.resolve('@fovea/runtime');
  const data = { model, threads, runtime, feeds: feedsFor(share) };
  const pool = Array.from({ length: workers }, () => new Worker(worker, { eval: true, workerData: data }));
  const reply = (thread) => new Promise((resolve, reject) => thread.once('message', resolve).once('error', reject));
  await Promise.all(pool.map(reply));
  return {
    async round(steps) {
      const started = performance.now();
      const answers = pool.map(reply);
      for (const thread of pool) thread.postMessage(steps);
      await Promise.all(answers);
      return (steps * batch * 1000) / (performance.now() - started);
    },
    close: () => Promise.all(pool.map((thread) => thread.terminate())),
  };
}

const many = await start(cores, 1);
const wide = await start(1, cores);
await many.round(2);
await wide.round(2);
const figures = { workers: [], session: [] };
for (let round = 0; round < rounds; round++) {
  figures.workers.push(await many.round(stepsPerRound));
  figures.session.push(await wide.round(stepsPerRound));
}
await many.close();
await wide.close();
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const spread = (values) => [Math.min(...values), Math.max(...values)];
const result = {
  benchmark: 'training',
  step: `${width}x${height}, batch ${batch}, ${layout.size} parameters`,
  cores,
  ratio: median(figures.workers) / median(figures.session),
  workersOfOneThread: { imagesPerSecond: median(figures.workers), spread: spread(figures.workers) },
  oneSessionOfAllThreads: { imagesPerSecond: median(figures.session), spread: spread(figures.session) },
  peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
};
if (json) console.log(JSON.stringify(result));
else {
  console.log(`${result.step}, ${cores} cores`);
  console.log(`workers against one session: ${result.ratio.toFixed(2)}`);
  console.log(`${cores} workers of one thread: ${result.workersOfOneThread.imagesPerSecond.toFixed(1)} images/s`);
  console.log(`one session of ${cores} threads: ${result.oneSessionOfAllThreads.imagesPerSecond.toFixed(1)} images/s`);
}
