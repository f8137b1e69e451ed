// `npm test`: installs and builds what is missing, then runs all tests; `npm test -- packages/cli` those of one room.
import { requireNode } from './steps/node-version.mjs';

requireNode();
const { main } = await import('./steps/command.mjs');
const { install } = await import('./steps/install.mjs');
const { build, buildWebTests } = await import('./steps/build.mjs');
const { runTests } = await import('./steps/tests.mjs');

await main(async () => {
  await install();
  await build();
  await buildWebTests();
  const result = await runTests(process.argv.slice(2));
  console.log(`${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`);
  return result.ok ? 0 : 1;
});
