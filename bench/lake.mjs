// Questions about a million pictures, asked of a running server as the web app asks them.
//
// npm run bench -- lake [--rows 1000000] [--rounds 5] [--json]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    home: { type: 'string' },
    json: { type: 'boolean', default: false },
    serve: { type: 'boolean', default: false },
  },
});
const rooms = (name) => import(new URL(`../packages/${name}/dist/index.js`, import.meta.url));

if (values.serve) {
  const { startServer } = await rooms('server');
  const server = await startServer({ home: values.home, port: 0, empty: true });
  process.send(server.url);
  process.on('message', async () => {
    await server.close();
    process.exit();
  });
} else {
  await measure();
}

async function measure() {
  const { openHome } = await rooms('store');
  const { ensureProject } = await import(new URL('../packages/lake/dist/project.js', import.meta.url));
  const { fillProject } = await import('./lake/fill.mjs');
  const folder = values.home ?? (await mkdtemp(join(tmpdir(), 'fovea-bench-lake-')));
  const rows = Number(values.rows);
  const home = await openHome(folder, { databaseUrl: null });
  const projectId = await ensureProject(home, 'big');
  const { rows: present } = await home.pool.query('select count(*)::integer as count from fovea.media');
  const filling = performance.now();
  if (present[0].count < rows) await fillProject(home, projectId, rows);
  const fillSeconds = (performance.now() - filling) / 1000;

  const child = fork(fileURLToPath(import.meta.url), ['--serve', '--home', folder], {
    env: { ...process.env, FOVEA_DATABASE_URL: '' },
  });
  const [url] = await once(child, 'message');
  await home.close();
  const ask = async (path, init) => {
    const started = performance.now();
    const response = await fetch(`${url}/api/v1/projects/big${path}`, init);
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return performance.now() - started;
  };
  const sql = (text) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sql: text }),
  });
  const first = await ask('/facets');
  const questions = {
    'open the project': [''],
    'first page': ['/media?limit=100'],
    'a filtered, counted page': [(n) => `/media?class=car&sharpness=${1000 + n}..&limit=100`],
    'a page sorted by time, from the middle': [(n) => `/media?sort=-taken&offset=${rows / 2 + n}&limit=100`],
    'counts beside all values, of a filter': [(n) => `/facets?class=car&brightness=0.${300 + n}..`],
    'statistics, of a filter': [(n) => `/statistics?class=car&brightness=0.${300 + n}..`],
    'ratios of all pictures for the wall': ['/media-layout'],
    'SQL: boxes by class': ['/query', sql('select class, count(*), avg(area) from annotations group by 1')],
  };
  const figures = {};
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, [path, init]] of Object.entries(questions)) {
      // Another filter each time: an answer that is remembered would be no measure.
      const taken = await ask(typeof path === 'function' ? path(round) : path, init);
      figures[name] = [...(figures[name] ?? []), taken];
    }
  }
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  const peakMb = Number(/VmHWM:\s+(\d+)/.exec(status)[1]) / 1024;
  child.send('close');
  await once(child, 'exit');
  if (values.home === undefined) await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 });

  const spread = (list) => {
    const sorted = [...list].sort((a, b) => a - b);
    return { median: sorted[sorted.length >> 1], least: sorted[0], most: sorted.at(-1) };
  };
  const result = {
    rows,
    fillSeconds,
    firstQuestionSeconds: first / 1000,
    peakMb,
    ms: Object.fromEntries(Object.entries(figures).map(([name, list]) => [name, spread(list)])),
  };
  if (values.json) console.log(JSON.stringify(result));
  else {
    console.log(`${rows} pictures. The first question, for which the mirror is made: ${(first / 1000).toFixed(1)} s.`);
    for (const [name, { median, least, most }] of Object.entries(result.ms)) {
      console.log(`${name.padEnd(42)} ${median.toFixed(0).padStart(6)} ms (${least.toFixed(0)} to ${most.toFixed(0)})`);
    }
    console.log(`Most memory of the server: ${peakMb.toFixed(0)} MB.`);
  }
}
