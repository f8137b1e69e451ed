// Where a step's time goes: one worker's share of a workload, one thread, by operator, from onnxruntime's own profile.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { gradientsFirst } from '@fovea/autodiff';
import { networkLayout } from '@fovea/models';
import { initialize, seededRandom } from '@fovea/nn';
import { encodeModel, modelOf, sizeOf } from '@fovea/onnx';
import { optimizerOf } from '@fovea/optim';
import { createSession } from '@fovea/runtime';
import { stepGraph } from '@fovea/train';
import { recipeOf, workloads } from './networks.mjs';

const [warmUp, counted] = [2, 3];
const shownOperators = 14;
const shownShapes = 10;

/** A worker's graph of a workload, with something to feed it. */
function stepOf({ build, batch: whole, ...rest }) {
  const workers = availableParallelism();
  const batch = whole / workers;
  const recipe = recipeOf({ build, ...rest });
  const layout = networkLayout(recipe.network);
  const optimizer = optimizerOf({ name: 'sgd', weightDecay: 0, clipNorm: Infinity });
  const { graph } = stepGraph(recipe, layout, optimizer, { batch, workers });
  const random = seededRandom(0);
  const known = {
    parameters: initialize(layout.parameters, layout.size, random),
    hyper: optimizer.hyper(1, 1e-3, 0.999),
    scale: Float32Array.of(1 / batch),
    targets: Float32Array.from({ length: batch * rest.classes }, (_, i) => (i % rest.classes === 0 ? 1 : 0)),
    colours: Float32Array.from({ length: batch * 12 }, (_, i) => ((i % 12) % 5 === 0 ? 1 : 0)),
  };
  const drawn = {
    float32: (n) => new Float32Array(n),
    uint8: (n) => Uint8Array.from({ length: n }, () => random() * 10),
  };
  const feeds = graph.inputs.map(({ name, dtype, shape }) => {
    const data = known[name] ?? drawn[dtype](sizeOf(shape));
    return [name, { dtype, shape, data }];
  });
  return { graph, batch, feeds: Object.fromEntries(feeds) };
}

/** Milliseconds a step and nodes of each kind, the slowest first. */
function gather(nodes, key) {
  const table = new Map();
  for (const event of nodes) {
    const entry = table.get(key(event)) ?? { ms: 0, count: 0 };
    entry.ms += event.dur / 1000 / counted;
    entry.count += 1 / counted;
    table.set(key(event), entry);
  }
  return [...table].toSorted(([, a], [, b]) => b.ms - a.ms);
}

const shapes = (list) => list.map((each) => Object.values(each)[0].join('x')).join(' ');

/** Prints the profile of a workload. */
export async function profile(name) {
  const { graph, batch, feeds } = stepOf(workloads[name]);
  const folder = mkdtempSync(join(tmpdir(), 'fovea-bench-'));
  try {
    const session = await createSession(encodeModel(modelOf(gradientsFirst(graph))), {
      threads: 1,
      profilePrefix: join(folder, 'profile'),
    });
    for (let i = 0; i < warmUp + counted; i++) await session.run(feeds);
    await session.release();
    const events = JSON.parse(readFileSync(join(folder, readdirSync(folder)[0]), 'utf8'));
    const runs = events.filter((event) => event.name === 'model_run').toSorted((a, b) => a.ts - b.ts);
    const nodes = events.filter(({ cat, args, ts }) => cat === 'Node' && args?.op_name && ts >= runs[warmUp].ts);
    const total = runs.slice(warmUp).reduce((sum, { dur }) => sum + dur, 0) / 1000 / counted;
    console.log(`${workloads[name].what}: a worker's step of ${batch}, one thread, ${total.toFixed(0)} ms`);
    const line = ([what, { ms, count }]) =>
      console.log(`${ms.toFixed(1).padStart(8)} ms ${String(Math.round(count)).padStart(5)} nodes  ${what}`);
    gather(nodes, ({ args }) => args.op_name)
      .slice(0, shownOperators)
      .forEach(line);
    console.log('  of which');
    const shaped = ({ args }) =>
      `${args.op_name} ${shapes(args.input_type_shape)} -> ${shapes(args.output_type_shape)}`;
    gather(nodes, shaped).slice(0, shownShapes).forEach(line);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
