import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './root.mjs';

/** All files below a path from the root (a file is itself), sorted; an absent path has none. */
export function filesBelow(path) {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  if (!statSync(full).isDirectory()) return [path];
  return readdirSync(full, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const child = `${path}/${entry.name}`;
      return entry.isDirectory() ? filesBelow(child) : entry.isFile() ? [child] : [];
    });
}

/** SHA-256 over names and contents of all files below the paths; contents, since a checkout changes dates. */
export function fingerprint(paths) {
  const hash = createHash('sha256');
  for (const file of paths.flatMap(filesBelow)) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

const recordPath = join(root, 'node_modules/.cache/fovea/built.json');

/** Fingerprints of what was last built, by the name of the build; in node_modules so that `npm ci` forgets them. */
export function readBuilt() {
  try {
    return JSON.parse(readFileSync(recordPath, 'utf8'));
  } catch {
    return {};
  }
}

/** Remembers that a build stands; null forgets it, before a build that may be interrupted. */
export function writeBuilt(name, value) {
  mkdirSync(dirname(recordPath), { recursive: true });
  writeFileSync(recordPath, `${JSON.stringify({ ...readBuilt(), [name]: value }, null, 2)}\n`);
}
