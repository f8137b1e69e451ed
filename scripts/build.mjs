import { requireNode } from './steps/node-version.mjs';

requireNode();
const { main } = await import('./steps/command.mjs');
const { install } = await import('./steps/install.mjs');
const { build } = await import('./steps/build.mjs');

await main(async () => {
  await install();
  await build();
});
