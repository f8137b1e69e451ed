import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { node, StepError } from './command.mjs';
import { filesBelow, fingerprint, readBuilt, writeBuilt } from './fingerprint.mjs';
import { root } from './root.mjs';

/** Every room, by the name of its folder. */
export function rooms() {
  return readdirSync(join(root, 'packages'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, 'packages', entry.name, 'package.json')))
    .map((entry) => entry.name)
    .sort();
}

/** Builds the rooms (tsc) and the web app (vite), each only when its sources changed since it was last built. */
export async function build() {
  await buildRooms();
  await buildWeb();
}

async function buildRooms() {
  const names = rooms().filter((name) => name !== 'web');
  const stale = removeStale(names);
  const sources = [
    'tsconfig.json',
    'tsconfig.base.json',
    'package-lock.json',
    ...names.flatMap((name) => ['src', 'tsconfig.json', 'package.json'].map((part) => `packages/${name}/${part}`)),
  ];
  const now = fingerprint(sources);
  const whole = names.every((name) => existsSync(join(root, 'packages', name, 'dist/index.js')));
  if (whole && stale === 0 && readBuilt().rooms === now) return;
  console.error('Building Fovea …');
  writeBuilt('rooms', null);
  const { code } = await node('node_modules/typescript/bin/tsc', ['-b', '--pretty', 'false']);
  if (code !== 0) throw new StepError('Building failed: the type errors stand above.');
  writeBuilt('rooms', now);
}

const roomsOfWeb = ['annotations', 'api', 'metrics'].map((name) => `packages/${name}/src`);

async function buildWeb() {
  if (!existsSync(join(root, 'packages/web/index.html'))) return;
  const now = fingerprint([
    ...['src', 'public', 'index.html', 'vite.config.ts', 'tsconfig.json', 'package.json'].map(
      (part) => `packages/web/${part}`,
    ),
    ...roomsOfWeb,
    'package-lock.json',
  ]);
  if (existsSync(join(root, 'packages/web/dist/index.html')) && readBuilt().web === now) return;
  console.error('Building the web app …');
  writeBuilt('web', null);
  const { code, output } = await node(
    'node_modules/vite/bin/vite.js',
    ['build', 'packages/web', '--logLevel', 'warn'],
    {
      quiet: true,
    },
  );
  if (code !== 0) throw new StepError(`${output}\nBuilding the web app failed, see above.`);
  writeBuilt('web', now);
}

/** Compiles the web app's own tests: they run in Node (and drive a browser), so tsc and not vite builds them. */
export async function buildWebTests() {
  const project = 'packages/web/e2e';
  if (!existsSync(join(root, project, 'tsconfig.json'))) return;
  const now = fingerprint([project, 'packages/web/src', ...roomsOfWeb, 'tsconfig.base.json', 'package-lock.json']);
  if (existsSync(join(root, 'packages/web/dist-e2e')) && readBuilt().webTests === now) return;
  writeBuilt('webTests', null);
  rmSync(join(root, 'packages/web/dist-e2e'), { recursive: true, force: true });
  const { code } = await node('node_modules/typescript/bin/tsc', ['-p', project, '--pretty', 'false']);
  if (code !== 0) throw new StepError("Building the web app's tests failed: the type errors stand above.");
  writeBuilt('webTests', now);
}

/**
 * Removes what tsc wrote for sources that are gone: a deleted test would otherwise run on, a deleted module be imported.
 * Returns how many files went.
 */
function removeStale(names) {
  let removed = 0;
  for (const name of names) {
    for (const file of filesBelow(`packages/${name}/dist`)) {
      const source = file.replace('/dist/', '/src/').match(/^(.*?)(\.d\.ts|\.js|\.d\.ts\.map|\.js\.map)$/);
      if (!source) continue;
      if (['.ts', '.tsx', '.js', '.d.ts'].some((end) => existsSync(join(root, source[1] + end)))) continue;
      rmSync(join(root, file));
      removed += 1;
    }
  }
  return removed;
}
