// One side of bench/training.mjs: trains a workload on one batch with Fovea, in its own process, so that memory is its own.
//
//   node step.mjs <workload> <workers> <threads of each> <folder of weights and batch> [profile prefix]
//
// Reads lines of JSON, each {"steps": n}; answers {"seconds": s, "cpuSeconds": c, "losses": [...],
// "peakBytes": b}.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { gradientsFirst } from '@fovea/autodiff';
import { evalGraph, networkLayout } from '@fovea/models';
import { encodeModel, modelOf } from '@fovea/onnx';
import { optimizerOf } from '@fovea/optim';
import { openStepPool, stateNamesOf, stepGraph } from '@fovea/train';
import { recipeOf, workloads } from './networks.mjs';
import { settings } from './settings.mjs';

const [name, workersText, threadsText, folder] = process.argv.slice(2);
const workers = Number(workersText);
const workload = workloads[name];
const { batch, height, width, classes, dense } = workload;
const recipe = recipeOf(workload);
const layout = networkLayout(recipe.network);
const optimizer = optimizerOf({ name: 'sgd', momentum: settings.momentum, weightDecay: 0, clipNorm: Infinity });

const shared = (Kind, length) => new Kind(new SharedArrayBuffer(length * Kind.BYTES_PER_ELEMENT));
const read = (file) => readFileSync(join(folder, file));
const pictures = shared(Uint8Array, batch * height * width * 3);
pictures.set(read('pictures.u8'));
const labels = read('labels.u8');
const targets = dense ? shared(Uint8Array, labels.length) : shared(Float32Array, batch * classes);
if (dense) targets.set(labels);
else for (const [n, label] of labels.entries()) targets[n * classes + label] = 1;
const colours = shared(Float32Array, batch * 12);
for (let n = 0; n < batch; n++) for (let row = 0; row < 3; row++) colours[n * 12 + row * 5] = 1;
const { slots } = recipe;
const arrays = [
  { name: 'pictures', dtype: 'uint8', shape: [height, width, 3], data: pictures },
  { name: 'colours', dtype: 'float32', shape: [3, 4], data: colours },
  { ...slots[0], data: targets },
];

const weights = new Float32Array(read('weights.f32').buffer.slice(0));
const state = Object.fromEntries(
  stateNamesOf(optimizer).map((vector) => [
    vector,
    vector === 'parameters' || vector === 'average' ? weights : new Float32Array(layout.size),
  ]),
);
const buffers = new Float32Array(layout.bufferSize);
const share = batch / workers;
const step = stepGraph(recipe, layout, optimizer, { batch: share, workers });
const pool = await openStepPool(
  Array.from({ length: workers }, (_, index) => ({
    index,
    workers,
    share,
    threads: Number(threadsText),
    device: 'cpu',
    stepModel: encodeModel(modelOf(gradientsFirst(step.graph))),
    evalModel: encodeModel(modelOf(evalGraph(recipe.network, layout, 1))),
    evalBatch: 1,
    evalShape: [height, width, 3],
    size: layout.size,
    bufferSize: layout.bufferSize,
    state,
    gradients: shared(Float32Array, 2 * workers * layout.size),
    slots: [arrays],
  })),
);
console.log(JSON.stringify({ parameters: layout.size }));

let done = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const { steps } = JSON.parse(line);
  const losses = [];
  const before = process.cpuUsage();
  const started = performance.now();
  for (let i = 0; i < steps; i++, done++) {
    const hyper = done === 0 ? optimizer.idleHyper() : optimizer.hyper(done, settings.learningRate, 0.999);
    const counted = dense ? batch * height * width : batch;
    const request = {
      type: 'step',
      slot: 0,
      generation: done & 1,
      scale: workers / counted,
      hyper,
      buffers,
      turn: 0,
      turns: 1,
    };
    const replies = await Promise.all(Array.from({ length: workers }, (_, worker) => pool.ask(worker, request)));
    losses.push(replies.reduce((sum, reply) => sum + reply.losses[0], 0) / workers);
  }
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  const cpuSeconds = (user + system) / 1e6;
  console.log(JSON.stringify({ seconds, cpuSeconds, losses, peakBytes: process.resourceUsage().maxRSS * 1024 }));
}
await pool.close();
