import { lstat, realpath, stat } from 'node:fs/promises';
import { FoveaError } from '@fovea/annotations';
import picomatch from 'picomatch';
import { HEAD_BYTES, sniffArchive } from './archive-source.js';
import { archiveKindOf, kindOf, nameText } from './file-name.js';
import { maxBytesOf, tooLarge } from './limited-bytes.js';
import { absolutePath, fileItem, openLocal, unreadable } from './local-file.js';
import type { OpenedSource, SourceTools } from './open-source.js';
import { sniffMedia } from './sniff-media.js';
import type { MediaKind, SourceItem } from './source.js';
import { walkFolder } from './walk-folder.js';

/**
 * Opens what a path says: a folder, a picture, a video, an archive, or a pattern such as `photos/2024-*`. A name that
 * holds a star and exists is that file.
 *
 * @throws FoveaError `missing_path`, `no_match`, `not_a_file`, `unknown_kind`
 */
export async function openPathSource(spec: string, tools: SourceTools): Promise<OpenedSource> {
  const found = await stat(spec).catch(() => undefined);
  if (found === undefined) {
    const { isGlob, base, glob } = picomatch.scan(spec);
    if (isGlob && glob !== '') return openGlob(spec, base, glob, tools);
    const isLink = (await lstat(spec).catch(() => undefined))?.isSymbolicLink();
    const what = isLink ? `The link "${spec}" leads nowhere.` : `There is no file or folder "${spec}".`;
    throw new FoveaError('missing_path', what, { path: spec });
  }
  // A link that a person names is meant; those below are not followed.
  const path = await realpath(absolutePath(spec), 'buffer');
  const root = nameText(path);
  if (found.isDirectory()) {
    return { root, items: (signal) => walkFolder(path, { ...tools, signal }), folder: path };
  }
  if (!found.isFile()) {
    throw new FoveaError('not_a_file', `"${spec}" is neither a file nor a folder.`, { path: spec });
  }
  return { root, items: (signal) => fileItems(path, tools, signal) };
}

/** Tells what a named file is, by its name or else by its content, and gives its one item or an archive's many. */
async function* fileItems(path: Buffer, tools: SourceTools, signal?: AbortSignal): AsyncGenerator<SourceItem> {
  const location = nameText(path);
  const name = location.slice(location.lastIndexOf('/') + 1);
  if (archiveKindOf(name) !== undefined) return yield* tools.openArchive(path, location, signal);
  const kind = kindOf(name) ?? (await sniffFile(path, location));
  if (kind === 'archive') return yield* tools.openArchive(path, location, signal);
  if (kind === undefined) {
    throw new FoveaError(
      'unknown_kind',
      `"${location}" is neither a picture, a video, nor an archive (ZIP, TAR, TAR.GZ).`,
      { file: location },
    );
  }
  const found = await lstat(path, { bigint: true });
  const maxBytes = maxBytesOf(kind, tools.limits);
  if (found.size > maxBytes) throw tooLarge(location, maxBytes);
  yield fileItem(path, name, kind, found, maxBytes);
}

async function sniffFile(path: Buffer, location: string): Promise<MediaKind | 'archive' | undefined> {
  const bytes = await openLocal(path, location, Number.POSITIVE_INFINITY);
  for await (const chunk of bytes) {
    const head = (chunk as Buffer).subarray(0, HEAD_BYTES);
    return sniffArchive(head) ? 'archive' : sniffMedia(head);
  }
  throw unreadable(location, 'it is empty (0 bytes)');
}

async function openGlob(spec: string, base: string, glob: string, tools: SourceTools): Promise<OpenedSource> {
  const folder = base === '' ? '.' : base;
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new FoveaError('missing_path', `There is no folder "${folder}" to look for "${glob}" in.`, { path: folder });
  }
  const path = await realpath(absolutePath(folder), 'buffer');
  const matches = picomatch(glob, { dot: false, nocase: false });
  // Without ** and without a slash in a choice, a pattern is as deep as it has slashes.
  const isOpen = glob.includes('**') || /[{(][^})]*\//.test(glob);
  async function* items(signal?: AbortSignal): AsyncGenerator<SourceItem> {
    let isAny = false;
    const walked = walkFolder(path, {
      ...tools,
      signal,
      accepts: (name) => {
        const isMatch = matches(name);
        isAny ||= isMatch;
        return isMatch;
      },
      ...(!isOpen && { depth: glob.split('/').length - 1 }),
      onArchive: (archive) => tellFailure(archive, tools, signal),
    });
    yield* walked;
    if (!isAny) {
      throw new FoveaError(
        'no_match',
        `No file matches "${spec}". A * stands for a part of a name, ** for folders; hidden files are left out.`,
        { path: spec },
      );
    }
  }
  return { root: `${nameText(path)}/${glob}`, items };
}

/** An archive among many files: one that cannot be read is a problem, and the next file is well. */
async function* tellFailure(path: Buffer, tools: SourceTools, signal?: AbortSignal): AsyncGenerator<SourceItem> {
  const location = nameText(path);
  try {
    yield* tools.openArchive(path, location, signal);
  } catch (error) {
    if (!(error instanceof FoveaError)) throw error;
    tools.report.tell(location, error.code, `The archive was left out: ${error.details?.reason ?? error.message}.`);
  }
}
