#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Fovea needs Node 20.19 or newer; this is Node ${process.versions.node}.\n`);
  process.exit(1);
}
const built = new URL('../dist/index.js', import.meta.url);
if (!existsSync(built)) {
  const repository = fileURLToPath(new URL('../../..', import.meta.url));
  process.stderr.write(`Fovea is not built yet: run \`npm run build\` (or \`npm start\`) in ${repository} first.\n`);
  process.exit(1);
}
const { main } = await import(built.href);
process.exitCode = await main(process.argv.slice(2));
// A handle somebody forgot must not keep a finished command from ending.
setTimeout(() => process.exit(), 2000).unref();
