// `npm start`: installs and builds what is missing, then is `fovea serve` with the arguments given after `--`.
import { requireNode } from './steps/node-version.mjs';

requireNode();
const { main } = await import('./steps/command.mjs');
const { install } = await import('./steps/install.mjs');
const { build } = await import('./steps/build.mjs');

await main(async () => {
  await install();
  await build();
  // In this process, not in a child: Ctrl-C and every other signal then reach the server itself.
  process.argv = [process.execPath, 'fovea', 'serve', ...process.argv.slice(2)];
  await import('../packages/cli/bin/fovea.js');
  return process.exitCode;
});
