// Pictures imported per second (checked, stored by SHA-256, thumbnailed, annotated, committed) against decoding alone by
// the same library in the same process. Interleaved rounds, median.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const json = process.argv.includes('--json');
const [pictures, rounds] = [96, 3];
const { decodeImage, renderSamplePicture } = await import('@fovea/image');
const { createProject, importDataset, parseDataset } = await import('@fovea/lake');
const { openHome } = await import('@fovea/store');

const folder = await mkdtemp(join(tmpdir(), 'fovea-bench-'));
const home = await openHome(join(folder, 'home'));
const figures = { import: [], decode: [] };
for (let round = 0; round < rounds; round++) {
  const source = join(folder, `pictures${round}`);
  await mkdir(source);
  const files = [];
  const rows = ['image,xmin,ymin,xmax,ymax,label'];
  for (let i = 0; i < pictures; i++) {
    const { bytes, annotations } = await renderSamplePicture(round * pictures + i);
    files.push(join(source, `${i}.jpg`));
    await writeFile(files[i], bytes);
    for (const { box, className } of annotations) rows.push([`${i}.jpg`, ...box, className].join(','));
  }
  await writeFile(join(source, 'boxes.csv'), `${rows.join('\n')}\n`);

  let started = performance.now();
  await Promise.all(files.map((file) => decodeImage(file)));
  figures.decode.push((pictures * 1000) / (performance.now() - started));

  await createProject(home, { name: `round ${round}` });
  const parsed = await parseDataset(source);
  started = performance.now();
  const report = await importDataset(home, `round ${round}`, parsed, {});
  figures.import.push((pictures * 1000) / (performance.now() - started));
  if (report.imported !== pictures) throw new Error(`imported ${report.imported} of ${pictures}`);
}
await home.close();
await rm(folder, { recursive: true, force: true });
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const result = {
  benchmark: 'import',
  pictures: `${pictures} of 480x320 a round`,
  ratio: median(figures.import) / median(figures.decode),
  import: { picturesPerSecond: median(figures.import) },
  decode: { picturesPerSecond: median(figures.decode) },
};
if (json) console.log(JSON.stringify(result));
else
  console.log(
    `import against decoding alone: ${result.ratio.toFixed(2)} ` +
      `(${result.import.picturesPerSecond.toFixed(0)} and ${result.decode.picturesPerSecond.toFixed(0)} pictures/s)`,
  );
