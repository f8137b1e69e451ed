import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix } from 'node:path';
import { allowed, later, table } from '../rooms.mjs';
import { rooms } from './build.mjs';
import { filesBelow } from './fingerprint.mjs';
import { root } from './root.mjs';

const scope = '@fovea/';
const specifier =
  /(?:(?<!['"])\bfrom\s*|\bimport\s*\(\s*|\bimport\s+|\brequire\s*\(\s*|\brequire\.resolve\s*\(\s*|\bimport\.meta\.resolve\s*\(\s*)(['"])([^'"\n]+)\1/g;

/**
 * Holds the imports in every room's sources, its package.json and its tsconfig against DESIGN.md's table. Returns the
 * sentences of what is wrong, none when all is well.
 */
export function checkBoundaries() {
  const names = rooms();
  const faults = compareWithDesign();
  const strangers = names
    .filter((name) => !table[name])
    .map((name) => `packages/${name} is not a room of DESIGN.md's table (scripts/rooms.mjs).`);
  faults.push(...strangers);
  for (const name of names.filter((room) => table[room])) {
    const manifest = readJson(`packages/${name}/package.json`);
    faults.push(...checkManifest(name, manifest), ...checkReferences(name, manifest), ...checkImports(name, manifest));
  }
  return faults;
}

/** Where DESIGN.md is at hand, its table must say what scripts/rooms.mjs says; "all below" is that file's to spell out. */
function compareWithDesign() {
  const path = join(process.env.FOVEA_SHARED || join(root, '../shared'), 'DESIGN.md');
  if (!existsSync(path)) return [];
  const section =
    readFileSync(path, 'utf8')
      .split(/^## Rooms$/m)[1]
      ?.split(/^## /m)[0] ?? '';
  const rows = [...section.matchAll(/^\| (\w+) \| .* \| ([^|]+) \|$/gm)].filter(([, name]) => name !== 'package');
  return rows.flatMap(([, name, cell]) => {
    if (cell.startsWith('all below')) return [];
    const wanted = /^(nothing|–)$/.test(cell) ? [] : cell.split(', ');
    const ours = table[name]?.filter((room) => !later.includes(room));
    const same = ours && wanted.length === ours.length && wanted.every((room) => ours.includes(room));
    return same ? [] : [`scripts/rooms.mjs lets ${name} import ${ours?.join(', ')}; DESIGN.md says ${cell}.`];
  });
}

function checkManifest(room, manifest) {
  const may = allowed(room);
  return roomsIn(manifest)
    .filter((dependency) => !may.has(dependency))
    .map((dependency) => `packages/${room}/package.json depends on ${dependency}, which ${room}'s row does not allow.`);
}

function checkReferences(room, manifest) {
  const path = `packages/${room}/tsconfig.json`;
  // The web app is bundled by vite from the rooms' dist and is no part of the composite build.
  if (room === 'web' || !existsSync(join(root, path))) return [];
  const references = (readJson(path).references ?? []).map((reference) => posix.basename(reference.path));
  const dependencies = roomsIn(manifest);
  return [
    ...references
      .filter((name) => !dependencies.includes(name))
      .map((name) => `${path} refers to ${name}, which is not among its package.json's dependencies.`),
    ...dependencies
      .filter((name) => !references.includes(name))
      .map((name) => `${path} does not refer to ${name}, which its package.json depends on.`),
  ];
}

function checkImports(room, manifest) {
  const may = allowed(room);
  const faults = [];
  const declared = new Set([
    ...Object.keys(manifest.dependencies ?? {}),
    ...Object.keys(manifest.optionalDependencies ?? {}),
    ...Object.keys(manifest.devDependencies ?? {}),
  ]);
  // Tests do not ship: they may use the root's tools, and as an oracle what any room depends on.
  const shared = new Set([
    ...Object.keys(readJson('package.json').devDependencies),
    ...rooms().flatMap((name) => Object.keys(readJson(`packages/${name}/package.json`).dependencies ?? {})),
  ]);
  const folders = ['src', 'bin', 'e2e', 'test'].map((folder) => `packages/${room}/${folder}`);
  const sources = folders
    .flatMap(filesBelow)
    .filter((file) => /\.(m?[jt]s|tsx)$/.test(file) && !file.includes('/generated/'));
  for (const file of sources) {
    const isTest = /\.test\.tsx?$/.test(file) || file.includes('/e2e/') || file.includes('/test/');
    for (const [, , name] of withoutComments(readFileSync(join(root, file), 'utf8')).matchAll(specifier)) {
      if (name.startsWith('.')) {
        const target = posix.join(posix.dirname(file), name);
        if (!target.startsWith(`packages/${room}/`)) faults.push(`${file} reaches out of its room: ${name}`);
      } else if (name.startsWith(scope)) {
        const [target, ...deep] = name.slice(scope.length).split('/');
        if (!may.has(target)) faults.push(`${file} imports ${name}, which ${room}'s row does not allow.`);
        else if (!declared.has(scope + target)) faults.push(`${file} imports ${name}, which its package.json lacks.`);
        else if (deep.length > 0 && !exportsOf(target).includes(`./${deep.join('/')}`)) {
          faults.push(`${file} imports ${name}, which ${target} does not export.`);
        }
      } else if (!isBuiltin(name)) {
        const packageName = name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/');
        if (!declared.has(packageName) && !(isTest && shared.has(packageName))) {
          faults.push(`${file} imports ${packageName}, which its package.json lacks.`);
        }
      }
    }
  }
  return faults;
}

/** Docstrings show imports in their examples; those are held to nothing. */
function withoutComments(source) {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}

function isBuiltin(name) {
  return name.startsWith('node:') || builtinModules.includes(name);
}

function exportsOf(room) {
  return Object.keys(readJson(`packages/${room}/package.json`).exports ?? {});
}

function roomsIn(manifest) {
  return Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.peerDependencies })
    .filter((name) => name.startsWith(scope))
    .map((name) => name.slice(scope.length));
}

function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}
