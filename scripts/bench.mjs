// `npm run bench`: lists the benchmarks; `npm run bench -- training --json` runs bench/training.mjs with --json.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { requireNode } from './steps/node-version.mjs';

requireNode();
const { main, node } = await import('./steps/command.mjs');
const { install } = await import('./steps/install.mjs');
const { build } = await import('./steps/build.mjs');
const { root } = await import('./steps/root.mjs');

await main(async () => {
  const [name, ...args] = process.argv.slice(2);
  const known = readdirSync(join(root, 'bench'))
    .filter((file) => file.endsWith('.mjs'))
    .map((file) => file.slice(0, -'.mjs'.length))
    .sort();
  const list = known.length > 0 ? `The benchmarks are ${known.join(', ')}.` : 'There are no benchmarks yet.';
  if (name === undefined || name.startsWith('-')) {
    console.log(`Name the benchmark to run: npm run bench -- <name> [--json]. ${list}`);
    return name === undefined || name === '--help' ? 0 : 2;
  }
  if (!known.includes(name)) {
    console.error(`There is no benchmark named ${name}. ${list}`);
    return 2;
  }
  await install();
  await build();
  return (await node(`bench/${name}.mjs`, args)).code;
});
