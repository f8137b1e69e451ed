import { open, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join, posix, relative, sep } from 'node:path';
import { FoveaError } from '@fovea/annotations';
import type { Problem } from './dataset.js';

/** Names of pictures, by their endings. */
export const PICTURE = /\.(jpe?g|jpe|png|webp|avif|tiff?|gif|bmp|hei[cf])$/i;
const MAX_LABEL_FILE_BYTES = 500_000_000;

/** Where a label file's mention of a picture leads: a picture's name, or why nowhere. */
export type Resolved = { readonly name: string } | { readonly code: string; readonly reason: string };

/** A folder's listing, taken once. All names are relative to `root`, with forward slashes, sorted. */
export interface DatasetFolder {
  readonly root: string;
  /** The one file, where it was named rather than a folder. */
  readonly named?: string;
  readonly pictures: readonly string[];
  /** What is no picture; only the one file, if a file was named. */
  readonly files: readonly string[];
  /** Every folder below the root, be it empty; none if a picture was named. */
  readonly folders: readonly string[];
  /** Links that were not followed. */
  readonly problems: readonly Problem[];
  /** Finds the picture a label file in folder `from` means by `reference`. */
  resolve(reference: string, from: string): Resolved;
  /** The file or picture of the folder that is meant by `reference`, exactly; undefined where there is none. */
  resolveFile(reference: string, from: string): string | undefined;
  /** The only picture of that path but for its ending. */
  resolveStem(stem: string): string | undefined;
  /** Text of a label file without byte-order mark, or the problem that stops it. */
  readText(name: string): Promise<string | Problem>;
  /** The first bytes of a file as text, to tell what it is. */
  readHead(name: string, bytes?: number): Promise<string>;
}

/**
 * Lists a folder, however deep; hidden entries are left out, and links that lead out of it or to folders are reported,
 * not followed. Of a path to one label file, the folder around it is listed; of a path to one picture, that picture.
 *
 * @throws FoveaError `missing_path`; `no_pictures` when there is none
 */
export async function openFolder(path: string): Promise<DatasetFolder> {
  let real: string;
  try {
    real = await realpath(path);
  } catch (cause) {
    throw new FoveaError('missing_path', `There is no file or folder "${path}".`, { path }, { cause });
  }
  const isFolder = (await stat(real)).isDirectory();
  const root = isFolder ? real : dirname(real);
  const listing: Listing = { names: [], folders: [], outside: new Set(), problems: [] };
  if (!isFolder && PICTURE.test(real)) listing.names.push(basename(real));
  else await list(root, '', listing);

  listing.names.sort();
  listing.folders.sort();
  const pictures = listing.names.filter((name) => PICTURE.test(name));
  // Pictures may lie inside tar archives, which is known once those are read.
  if (pictures.length === 0 && !listing.names.some((name) => ARCHIVE.test(name))) throw noPictures(root, path);
  const files = listing.names.filter((name) => !PICTURE.test(name) && (isFolder || name === basename(real)));
  const names = new Set(listing.names);
  let stems: Map<string, string[]> | undefined;
  return {
    root,
    ...(!isFolder && { named: basename(real) }),
    pictures,
    files,
    folders: listing.folders,
    problems: listing.problems,
    resolve: pictureResolver(root, pictures, listing.outside),
    resolveFile: (reference, from) => {
      const path = reference.trim().replaceAll('\\', '/');
      return [posix.normalize(posix.join(from, path)), posix.normalize(path)].find((place) => names.has(place));
    },
    resolveStem: (stem) => {
      stems ??= groupBy(pictures, (name) => withExtension(name, ''));
      const found = stems.get(posix.normalize(stem));
      return found?.length === 1 ? found[0] : undefined;
    },
    readText: (name) => readText(root, name),
    readHead: (name, bytes = 65_536) => readHead(join(root, name), bytes),
  };
}

/** Tar archives, in which pictures may lie. */
export const ARCHIVE = /\.tar$/i;

/** What is thrown for a folder without pictures. */
export function noPictures(root: string, path = root): FoveaError {
  return new FoveaError(
    'no_pictures',
    `There is no picture (JPEG, PNG, WebP, AVIF, TIFF, GIF or BMP) in "${root}". Name the folder that holds the pictures ` +
      'together with their labels.',
    { path },
  );
}

interface Listing {
  readonly names: string[];
  readonly folders: string[];
  readonly outside: Set<string>;
  readonly problems: Problem[];
}

async function list(root: string, folder: string, into: Listing): Promise<void> {
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    if (entry.name.startsWith('.') || entry.name === '__MACOSX') continue;
    const name = posix.join(folder, entry.name);
    if (entry.isDirectory()) {
      into.folders.push(name);
      await list(root, name, into);
    } else if (entry.isFile()) into.names.push(name);
    else if (entry.isSymbolicLink()) await listLink(root, name, into);
  }
}

async function listLink(root: string, name: string, into: Listing): Promise<void> {
  const target = await realpath(join(root, name)).catch(() => undefined);
  const skip = (reason: string) => into.problems.push({ file: name, code: 'link_skipped', reason });
  if (!target) skip('The link leads nowhere; skipped.');
  else if (!isInside(root, target)) {
    into.outside.add(name);
    into.problems.push({ file: name, code: 'path_outside', reason: 'The link leads out of the folder; not followed.' });
  } else if (!(await stat(target)).isFile()) skip('The link leads to a folder; not followed.');
  else into.names.push(name);
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function pictureResolver(root: string, pictures: readonly string[], outside: ReadonlySet<string>) {
  const known = new Set(pictures);
  const byBase = groupBy(pictures, posix.basename);
  const byStem = groupBy(pictures, (name) => posix.parse(name).name);

  return (reference: string, from: string): Resolved => {
    const leadsOut: Resolved = {
      code: 'path_outside',
      reason: `The path "${reference}" leads out of the folder; skipped.`,
    };
    let path = reference.trim().replaceAll('\\', '/');
    if (posix.isAbsolute(path) || /^[a-z]:\//i.test(path)) {
      if (!isInside(root, path)) return leadsOut;
      path = relative(root, path).split(sep).join('/');
    }
    const places = [posix.normalize(posix.join(from, path)), posix.normalize(path)];
    const exact = places.find((place) => known.has(place));
    if (exact !== undefined) return { name: exact };
    if (places.every((place) => place === '..' || place.startsWith('../'))) return leadsOut;
    if (places.some((place) => outside.has(place))) return leadsOut;

    // Labels often name a picture without its folder, or with a folder of the machine they were made on.
    const base = posix.basename(path);
    const sameBase = byBase.get(base) ?? byStem.get(PICTURE.test(base) ? posix.parse(base).name : base) ?? [];
    const sameEnd = sameBase.filter((name) => name.endsWith(`/${places[1]}`));
    const found = sameEnd.length > 0 ? sameEnd : sameBase;
    if (found.length === 1) return { name: found[0]! };
    if (found.length === 0) {
      return { code: 'missing_picture', reason: `There is no picture "${reference}" in the folder; skipped.` };
    }
    const examples = found.slice(0, 3).join('", "');
    return {
      code: 'ambiguous_picture',
      reason: `"${reference}" may be any of ${found.length} pictures ("${examples}"…); write its folder too. Skipped.`,
    };
  };
}

function groupBy(names: readonly string[], key: (name: string) => string): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const group = groups.get(key(name));
    if (group) group.push(name);
    else groups.set(key(name), [name]);
  }
  return groups;
}

async function readText(root: string, name: string): Promise<string | Problem> {
  const path = join(root, name);
  try {
    const { size } = await stat(path);
    if (size > MAX_LABEL_FILE_BYTES) {
      return { file: name, code: 'broken_file', reason: `Its ${size} bytes are over the limit of 500 MB; skipped.` };
    }
    const text = (await readFile(path, 'utf8')).replace(/^\ufeff/, '');
    if (text.trim() === '') return { file: name, code: 'empty_file', reason: 'The file is empty; skipped.' };
    return text;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    return { file: name, code: 'broken_file', reason: `The file cannot be read (${code}); skipped.` };
  }
}

async function readHead(path: string, bytes: number): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.toString('utf8', 0, bytesRead).replace(/^\ufeff/, '');
  } finally {
    await file.close();
  }
}

/** `dir/name.ext` with everything after the last dot replaced. */
export function withExtension(name: string, extension: string): string {
  return name.slice(0, name.length - extname(name).length) + extension;
}
