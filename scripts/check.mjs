// `npm run check`: format, lint, types, package boundaries, documentation and the fast tests, in under a minute.
import { requireNode } from './steps/node-version.mjs';

requireNode();
const { main, node } = await import('./steps/command.mjs');
const { install } = await import('./steps/install.mjs');
const { build, buildWebTests, rooms } = await import('./steps/build.mjs');
const { checkBoundaries } = await import('./steps/boundaries.mjs');
const { checkDocs } = await import('./check-docs.mjs');
const { runTests } = await import('./steps/tests.mjs');

// Rooms whose tests start PostgreSQL, train, open a browser or run child processes: `npm test` runs them.
const slow = new Set([
  'store',
  'lake',
  'registry',
  'jobs',
  'train',
  'models',
  'serving',
  'server',
  'cli',
  'web',
  'video',
]);

await main(async () => {
  await install();
  const failures = [];
  const formatting = node('node_modules/@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.']);
  const faults = checkBoundaries();
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) failures.push('package boundaries');
  if ((await formatting).code !== 0) failures.push('format and lint (npm run format mends most)');
  await build();
  await buildWebTests();
  const documentation = await checkDocs();
  for (const fault of documentation) console.error(fault);
  if (documentation.length > 0) failures.push('documentation');
  const web = node('node_modules/typescript/bin/tsc', ['--noEmit', '-p', 'packages/web', '--pretty', 'false']);
  const filters = rooms()
    .filter((room) => !slow.has(room))
    .map((room) => `packages/${room}/dist/`);
  filters.push('packages/web/dist-e2e/src/');
  const tests = await runTests(filters, { reporter: 'dot' });
  if (!tests.ok) failures.push('fast tests');
  if ((await web).code !== 0) failures.push("the web app's types");
  console.log(`${tests.passed} passed, ${tests.failed} failed, ${tests.skipped} skipped`);
  if (failures.length > 0) console.error(`Check failed: ${failures.join('; ')}.`);
  return failures.length > 0 ? 1 : 0;
});
