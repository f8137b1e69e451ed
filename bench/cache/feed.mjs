// One side of bench/cache.mjs: makes batches as training does, of samples kept on disk or decoded from files, in a process
// of its own, so that memory is its own.
//
//   node feed.mjs <folder of the list of pictures> <side> <batch>
//
// The folder has index.json (what writePictures gave of the pictures to train on). Reads lines of JSON, each
// {"from": "kept" | "files", "augment": boolean, "step": n, "steps": n}; answers with pictures per second, processor time,
// and memory now and at most.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { augmentPolicies } from '@fovea/image';
import { createBatchMaker, createSlot } from '../../packages/train/dist/loading/batches.js';
import { openPictureIndex } from '../../packages/train/dist/loading/picture-index.js';
import { createPictureSource } from '../../packages/train/dist/loading/picture-source.js';
import { createSampleBuffers } from '../../packages/train/dist/loading/sample-buffers.js';
import { openSampleCache } from '../../packages/train/dist/loading/sample-cache.js';
import { shrunkRule } from '../../packages/train/dist/loading/sample-rule.js';

const [folder, sideText, batchText] = process.argv.slice(2);
const [side, batch] = [Number(sideText), Number(batchText)];
const train = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'));
const index = await openPictureIndex(train);
const options = {
  index,
  digest: train.digest,
  rule: shrunkRule({ width: side, height: side }, null),
  source: createPictureSource(),
  buffers: createSampleBuffers(64 * 2 ** 20),
  remembers: false,
  say: (text) => console.error(text),
};
const sides = {
  kept: await openSampleCache({ ...options, cache: { folder: join(folder, 'samples'), bytes: 50e9 } }),
  files: await openSampleCache({ ...options, cache: { folder: '', bytes: 0 }, say: () => undefined }),
};
// As a classifier fills it: one class, of which the benchmark needs only that it is written.
const recipe = {
  network: { width: side, height: side },
  slots: [{ name: 'targets', dtype: 'float32', shape: [10] }],
  fill(_sample, { targets }, { classIndices }) {
    targets.fill(0);
    targets[classIndices[0]] = 1;
    return 1;
  },
};
const from = { count: train.count, members: new Map() };
const slots = Array.from({ length: 3 }, () => createSlot(recipe, batch));
console.log(JSON.stringify({ pictures: train.count }));

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const augment = request.augment ? augmentPolicies.classification : augmentPolicies.none;
  const batches = createBatchMaker({ seed: 0, batchSize: batch, augment }, recipe, from, sides[request.from]);
  const before = process.cpuUsage();
  const started = performance.now();
  // As in training, batches are made ahead while one is waited for.
  const end = request.step + request.steps;
  const ahead = [];
  for (let at = request.step; at < end || ahead.length > 0; at++) {
    if (at < end) ahead.push(batches.make(slots[at % slots.length], at));
    if (ahead.length === slots.length || at >= end) await ahead.shift();
  }
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  const pictures = request.steps * batch;
  console.log(
    JSON.stringify({
      perSecond: pictures / seconds,
      cpuMs: (user + system) / 1000 / pictures,
      bytesNow: process.memoryUsage.rss(),
      bytesMost: process.resourceUsage().maxRSS * 1024,
      kept: sides.kept.kept(),
      counts: sides.kept.counts(),
    }),
  );
}
for (const cache of Object.values(sides)) await cache.close();
await index.close();
