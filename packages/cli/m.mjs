import { openHome } from '@fovea/store';
import { fillProject } from '/work/main/bench/lake/fill.mjs';
import { withMirror } from '/work/main/packages/lake/dist/mirror/mirrors.js';
import { ensureProject } from '/work/main/packages/lake/dist/project.js';

const n = Number(process.argv[2]);
const home = await openHome('/tmp/w/home-' + n, { databaseUrl: null });
const id = await ensureProject(home, 'big');
let t = Date.now();
const lap = (s) => {
  console.log(s, Date.now() - t, 'ms', Math.round(process.memoryUsage().rss / 1e6), 'MB');
  t = Date.now();
};
const has = await home.pool.query('select count(*)::int c from fovea.media');
if (has.rows[0].c === 0) await fillProject(home, id, n);
lap('fill');
await withMirror(home, id, (m) =>
  m.read(async (d) => console.log((await d.runAndReadAll('select count(*) from media')).getRows()), {
    onProgress: (p) => process.stdout.write(JSON.stringify(p)),
  }),
);
lap('mirror');
for (const q of [
  'select count(*) from media',
  'select camera_make,count(*) from media group by 1',
  `select id from media where sharpness>1000 and id in (select media_id from annotations where class='car') order by id limit 100`,
  `select class,count(*),count(distinct media_id) from annotations group by 1`,
]) {
  await withMirror(home, id, (m) => m.read((d) => d.runAndReadAll(q)));
  lap(q);
}
await home.pool.query('update fovea.media set reviewed_at=now() where id%1000=0');
lap('upd');
await withMirror(home, id, (m) =>
  m.read(async (d) => console.log((await d.runAndReadAll('select count(*) from media where reviewed')).getRows())),
);
lap('incr');
await withMirror(home, id, (m) =>
  m.read(async (d) => console.log((await d.runAndReadAll('select count(*) from media where reviewed')).getRows())),
);
lap('again');
await home.close();
