// Reading and writing a COCO file of 100,000 objects (boxes, one in five with an outline, one in fifty with a mask), each
// in a process of its own for its memory, against JSON.parse and JSON.stringify of the same file in the same run.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const [pictures, objects, rounds] = [10_000, 100_000, 3];
const self = fileURLToPath(import.meta.url);
const [, , step, folder] = process.argv;
if (step === 'read' || step === 'write' || step === 'json') await measure(step, folder);
else await main();

async function main() {
  const home = await mkdtemp(join(tmpdir(), 'fovea-bench-'));
  try {
    await generate(join(home, 'set'));
    const figures = { read: [], write: [], json: [] };
    for (let round = 0; round < rounds; round++) {
      for (const each of Object.keys(figures)) {
        const { stdout } = await promisify(execFile)(process.execPath, [self, each, home]);
        figures[each].push(JSON.parse(stdout));
        await rm(join(home, 'out'), { recursive: true, force: true });
      }
    }
    const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
    const result = { benchmark: 'formats', pictures, objects };
    for (const [each, all] of Object.entries(figures)) {
      result[each] = {
        seconds: median(all.map(({ seconds }) => seconds)),
        cpuSeconds: median(all.map(({ cpuSeconds }) => cpuSeconds)),
        peakMegabytes: Math.max(...all.map(({ peakMegabytes }) => peakMegabytes)),
      };
    }
    result.ratio = {
      read: result.read.seconds / result.json.seconds,
      write: result.write.seconds / result.json.seconds,
    };
    if (process.argv.includes('--json')) return console.log(JSON.stringify(result));
    console.log(
      `COCO, ${objects} objects in ${pictures} pictures; the median of ${rounds}, the most memory of a process`,
    );
    for (const each of ['read', 'write', 'json']) {
      const { seconds, cpuSeconds, peakMegabytes } = result[each];
      const against =
        each === 'json' ? 'JSON.parse and JSON.stringify alone' : `${result.ratio[each].toFixed(1)} times those`;
      console.log(
        `${each.padEnd(6)} ${seconds.toFixed(2)} s (${cpuSeconds.toFixed(2)} of processors), ${peakMegabytes.toFixed(0)} MB (${against})`,
      );
    }
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** A data set as a person's tool would have written it: pictures of one pixel, since their bytes do not matter here. */
async function generate(set) {
  const gif = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');
  await mkdir(join(set, 'images'), { recursive: true });
  let state = 1;
  const random = (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32) * below;
  };
  const images = [];
  const annotations = [];
  for (let image = 0; image < pictures; image++) {
    const file_name = `images/${String(image).padStart(6, '0')}.gif`;
    images.push({ id: image, file_name, width: 640, height: 480 });
    await writeFile(join(set, file_name), gif);
  }
  for (let id = 0; id < objects; id++) {
    const [x, y, width, height] = [random(500), random(400), 20 + random(100), 20 + random(50)].map(
      (v) => Math.round(v * 100) / 100,
    );
    const ring = Array.from(
      { length: 24 },
      (_, at) => Math.round((at % 2 ? y + random(height) : x + random(width)) * 100) / 100,
    );
    const runs = { size: [480, 640], counts: [1000, ...Array.from({ length: 40 }, (_, at) => (at % 2 ? 440 : 40))] };
    runs.counts.push(640 * 480 - runs.counts.reduce((sum, run) => sum + run, 0));
    annotations.push({
      id,
      image_id: id % pictures,
      category_id: 1 + (id % 80),
      bbox: [x, y, width, height],
      area: width * height,
      iscrowd: 0,
      segmentation: id % 50 === 0 ? runs : id % 5 === 0 ? [ring] : [],
    });
  }
  const categories = Array.from({ length: 80 }, (_, at) => ({ id: at + 1, name: `class ${at}` }));
  await writeFile(join(set, 'annotations.json'), JSON.stringify({ images, annotations, categories }));
}

async function measure(what, home) {
  const { readFile } = await import('node:fs/promises');
  const { parseDataset, writeDataset } = await import('@fovea/formats');
  let parsed;
  if (what === 'write') parsed = await parseDataset(join(home, 'set'));
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  if (what === 'json') {
    const json = JSON.parse(await readFile(join(home, 'set/annotations.json'), 'utf8'));
    await writeFile(join(home, 'out'), JSON.stringify(json));
  } else if (what === 'read') {
    const { pictures: found } = await parseDataset(join(home, 'set'));
    const count = found.reduce((sum, { annotations }) => sum + annotations.length, 0);
    if (count !== objects) throw new Error(`read ${count} of ${objects}`);
  } else {
    const dataset = {
      classNames: parsed.classNames,
      pictures: (async function* () {
        for (const { name, path, annotations } of parsed.pictures) {
          const facts = { sha256: name, format: 'gif', width: 640, height: 480, labelled: true, boxed: true };
          yield { ...facts, name, annotations, path, load: () => readFile(path) };
        }
      })(),
    };
    const report = await writeDataset('coco', dataset, join(home, 'out'), { pictures: 'none' });
    if (report.annotations !== objects) throw new Error(`wrote ${report.annotations} of ${objects}`);
  }
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  console.log(
    JSON.stringify({
      seconds,
      cpuSeconds: (user + system) / 1e6,
      peakMegabytes: process.resourceUsage().maxRSS / 1024,
    }),
  );
}
