// Vector search over 100,000 x 512 through the function a server calls, with queries in flight as a server has them:
// recall@10 against exact cosines computed here, queries per second, time until the first answer, memory. Twice: vectors
// that lie in clusters, as embeddings do, and uniformly random directions, which have no near neighbours and are the
// hardest there is. `--graph` also measures the graph that larger sets are searched by; `--vectors N` and `--queries N` other numbers.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const json = process.argv.includes('--json');
const option = (name, usual) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? usual : Number(process.argv[at + 1]);
};
const [count, dimensions, k] = [option('vectors', 100_000), 512, 10];
const [queries, judged, inFlight, rounds] = [option('queries', 2048), 100, 64, 3];
const { openVectorIndexes, writeEmbeddings } = await import('@fovea/lake');
const { openHome, stopDatabase } = await import('@fovea/store');

let state = 1;
const random = () => {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const centres = Array.from({ length: 1000 }, () => Float32Array.from({ length: dimensions }, normal));
const sources = {
  clustered: () => {
    const centre = centres[Math.floor(random() * centres.length)];
    return centre.map((value) => value + 0.8 * normal());
  },
  uniform: () => Float32Array.from({ length: dimensions }, normal),
};
const seconds = (since) => (performance.now() - since) / 1000;

const folder = await mkdtemp(join(tmpdir(), 'fovea-bench-'));
const home = await openHome(join(folder, 'home'), { databaseUrl: null });
const results = [];
for (const [name, make] of Object.entries(sources)) {
  const { rows: made } = await home.pool.query('insert into fovea.projects (name) values ($1) returning id', [name]);
  const projectId = Number(made[0].id);
  const { rows } = await home.pool.query(
    `insert into fovea.media (project_id, sha256, name, width, height, format, size_bytes, labelled)
     select $1::bigint, encode(sha256(convert_to($1::bigint || '-' || n, 'UTF8')), 'hex'), n || '.jpg', 1, 1, 'jpeg', 1, false
     from generate_series(1, $2::integer) n returning id`,
    [projectId, count],
  );
  const vectors = rows.map(({ id }) => ({ mediaId: Number(id), vector: make() }));
  let since = performance.now();
  for (let at = 0; at < count; at += 2048)
    await writeEmbeddings(home, projectId, 'bench', vectors.slice(at, at + 2048));
  const writeSeconds = seconds(since);
  await home.pool.query('analyze');
  const asked = Array.from({ length: queries }, make);
  const truth = asked.slice(0, judged).map((query) => exact(vectors, query));

  for (const kind of process.argv.includes('--graph') ? ['exact', 'graph'] : ['exact']) {
    const options = { exactNumbers: kind === 'exact' ? Number.MAX_SAFE_INTEGER : 0, memoryBytes: 8e9 };
    const before = process.memoryUsage().rss;
    const indexes = openVectorIndexes(home, options);
    since = performance.now();
    await indexes.prepare(projectId, 'bench');
    const readySeconds = seconds(since);
    let hits = 0;
    for (const [at, right] of truth.entries()) {
      const found = await indexes.search(projectId, 'bench', asked[at], k);
      hits += found.filter(({ mediaId }) => right.has(mediaId)).length;
    }
    const rates = [];
    const cpuBefore = process.cpuUsage();
    for (let round = 0; round < rounds; round++) {
      let next = 0;
      since = performance.now();
      await Promise.all(
        Array.from({ length: inFlight }, async () => {
          while (next < queries) await indexes.search(projectId, 'bench', asked[next++], k);
        }),
      );
      rates.push(queries / seconds(since));
    }
    const cpu = process.cpuUsage(cpuBefore);
    const latencies = [];
    for (let at = 0; at < 50; at++) {
      since = performance.now();
      await indexes.search(projectId, 'bench', asked[at], k);
      latencies.push(performance.now() - since);
    }
    const megabytes = (process.memoryUsage().rss - before) / 1e6;
    await indexes.close();
    const again = openVectorIndexes(home, options);
    since = performance.now();
    await again.prepare(projectId, 'bench');
    const againSeconds = seconds(since);
    await again.close();
    const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
    results.push({
      vectors: `${count} x ${dimensions}, ${name}`,
      kind,
      recall: hits / (truth.length * k),
      queriesPerSecond: Math.round(median(rates)),
      spread: [Math.min(...rates), Math.max(...rates)].map(Math.round),
      processorMsPerQuery: Number(((cpu.user + cpu.system) / 1000 / (rounds * queries)).toFixed(2)),
      aloneMs: Number(median(latencies).toFixed(1)),
      writeSeconds: Number(writeSeconds.toFixed(1)),
      readySeconds: Number(readySeconds.toFixed(1)),
      againSeconds: Number(againSeconds.toFixed(1)),
      megabytes: Math.round(megabytes),
    });
    if (!json) console.log(results.at(-1));
  }
}
await home.close();
await stopDatabase(home.path);
await rm(folder, { recursive: true, force: true });
if (json) console.log(JSON.stringify({ benchmark: 'vectors', inFlight, k, results }));

/** The ids of the `k` nearest, by cosines in double precision. */
function exact(vectors, query) {
  const scored = vectors.map(({ mediaId, vector }) => {
    let [dot, square] = [0, 0];
    for (let d = 0; d < dimensions; d++) {
      dot += vector[d] * query[d];
      square += vector[d] * vector[d];
    }
    return { mediaId, score: dot / Math.sqrt(square) };
  });
  return new Set(
    scored
      .sort((a, b) => b.score - a.score)
      .slice(0, k)
      .map(({ mediaId }) => mediaId),
  );
}
