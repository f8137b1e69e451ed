// Where a step's time goes: one worker's share of a workload, one thread, by operator, from onnxruntime's own profile.
//
//   node bench/training/profile.mjs <resnet|mobilenet|unet> [--nodes 30]
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { gradientsFirst } from '@fovea/autodiff';
import { networkLayout } from '@fovea/models';
import { initialize, seededRandom } from '@fovea/nn';
import { encodeModel, modelOf } from '@fovea/onnx';
import { optimizerOf } from '@fovea/optim';
import { createSession } from '@fovea/runtime';
import { stepGraph } from '@fovea/train';
import { recipeOf, workloads } from './networks.mjs';

const name = process.argv[2];
const shown = process.argv.includes('--nodes') ? Number(process.argv[process.argv.indexOf('--nodes') + 1]) : 0;
const workload = workloads[name];
const workers = availableParallelism();
const batch = workload.batch / workers;
const recipe = recipeOf(workload);
const layout = networkLayout(recipe.network);
const optimizer = optimizerOf({ name: 'sgd', weightDecay: 0, clipNorm: Infinity });
const { graph } = stepGraph(recipe, layout, optimizer, { batch, workers });
const random = seededRandom(0);
const values = {
  parameters: initialize(layout.parameters, layout.size, random),
  hyper: optimizer.hyper(1, 1e-3, 0.999),
  scale: Float32Array.of(1 / batch),
};
const kinds = { float32: Float32Array, uint8: Uint8Array };
const feeds = Object.fromEntries(
  graph.inputs.map(({ name: input, dtype, shape }) => {
    const length = shape.reduce((product, side) => product * side, 1);
    const data = values[input] ?? new kinds[dtype](length);
    if (dtype === 'uint8') for (let i = 0; i < length; i++) data[i] = random() * (input === 'pictures' ? 256 : 10);
    if (input === 'targets') for (let n = 0; n < batch; n++) data[n * workload.classes] = 1;
    if (input === 'colours')
      for (let n = 0; n < batch; n++) for (let row = 0; row < 3; row++) data[n * 12 + row * 5] = 1;
    return [input, { dtype, shape, data }];
  }),
);
const folder = mkdtempSync(join(tmpdir(), 'fovea-profile-'));
try {
  const session = await createSession(encodeModel(modelOf(gradientsFirst(graph))), {
    threads: 1,
    profilePrefix: join(folder, 'profile'),
  });
  const steps = 5;
  for (let i = 0; i < steps; i++) await session.run(feeds);
  await session.release();
  const events = JSON.parse(readFileSync(join(folder, readdirSync(folder)[0]), 'utf8'));
  const runs = events.filter(({ name }) => name === 'model_run').toSorted((a, b) => a.ts - b.ts);
  // The first runs warm up.
  const from = runs[2].ts;
  const counted = steps - 2;
  const nodes = events.filter(({ cat, args, ts }) => cat === 'Node' && args?.op_name && ts >= from);
  const gather = (key) => {
    const table = new Map();
    for (const event of nodes) {
      const entry = table.get(key(event)) ?? { ms: 0, count: 0 };
      entry.ms += event.dur / 1000 / counted;
      entry.count += 1 / counted;
      table.set(key(event), entry);
    }
    return [...table].toSorted(([, a], [, b]) => b.ms - a.ms);
  };
  const total = runs.slice(2).reduce((sum, { dur }) => sum + dur, 0) / 1000 / counted;
  console.log(`${workload.what}: a worker's step of ${batch}, ${total.toFixed(0)} ms`);
  for (const [operator, { ms, count }] of gather(({ args }) => args.op_name).slice(0, 24))
    console.log(
      `${operator.padEnd(28)} ${ms.toFixed(1).padStart(8)} ms ${String(Math.round(count)).padStart(5)} nodes`,
    );
  if (shown > 0) {
    const key = ({ args }) =>
      `${args.op_name} ${args.input_type_shape.map((each) => Object.values(each)[0].join('x')).join(' ')} -> ${args.output_type_shape.map((each) => Object.values(each)[0].join('x')).join(' ')}`;
    for (const [what, { ms, count }] of gather(key).slice(0, shown))
      console.log(`${ms.toFixed(1).padStart(8)} ms ${String(Math.round(count)).padStart(4)}  ${what}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
