import { open, readFile, stat } from 'node:fs/promises';
import { basename, relative, resolve, sep } from 'node:path';
import { FoveaError } from '@fovea/annotations';
import { loadPicture, parseDataset } from '@fovea/formats';
import { sniffFormat } from '@fovea/image';
import { encodePng } from './encode-png.js';
import type { Problem } from './problems.js';

/** A picture to predict on. */
export interface SourcePicture {
  /** Path relative to the source, with forward slashes; of a frame a name with its number. */
  readonly name: string;
  readonly frame?: { readonly index: number; readonly timeSeconds: number };
  load(): Promise<Uint8Array>;
}

/** An image, all images of a folder, or the frames of a video. */
export interface PictureSource {
  readonly kind: 'image' | 'folder' | 'video';
  /** How many there are; 0: not known before the end. */
  readonly total: number;
  readonly problems: readonly Problem[];
  pictures(): Iterable<SourcePicture> | AsyncIterable<SourcePicture>;
}

/**
 * Opens what a path names: a folder, an image by its first bytes, else a video.
 *
 * @param out folder whose pictures are no input, though it may lie inside the source
 * @throws FoveaError `missing_path`, `no_pictures`
 */
export async function openPictureSource(
  path: string,
  options: { out: string; everyNth?: number; signal?: AbortSignal },
): Promise<PictureSource> {
  const found = await stat(path).catch(() => undefined);
  if (!found)
    throw new FoveaError('missing_path', `There is no ${path}: name an image, a folder of images or a video.`, {
      path,
    });
  if (found.isDirectory()) {
    const { pictures, problems } = await parseDataset(path, 'images');
    const out = resolve(options.out) + sep;
    const list = pictures
      .filter((picture) => !resolve(picture.path).startsWith(out))
      .map((picture) => ({ name: picture.name, load: () => loadPicture(picture) }));
    return { kind: 'folder', total: list.length, problems, pictures: () => list };
  }
  if (sniffFormat(await firstBytes(path)) || !looksLikeVideo(path)) {
    // Whatever is no video is taken for a picture: the decoder says best what is wrong with it.
    return {
      kind: 'image',
      total: 1,
      problems: [],
      pictures: () => [{ name: basename(path), load: () => readFile(path) }],
    };
  }
  return { kind: 'video', total: 0, problems: [], pictures: () => frames(path, options.everyNth, options.signal) };
}

async function* frames(
  path: string,
  everyNth: number | undefined,
  signal?: AbortSignal,
): AsyncGenerator<SourcePicture> {
  const { readFrames } = await import('@fovea/video');
  for await (const { index, timeSeconds, image } of readFrames(path, { everyNth, signal })) {
    const name = `frame-${String(index).padStart(6, '0')}.png`;
    yield { name, frame: { index, timeSeconds }, load: async () => encodePng(image) };
  }
}

function looksLikeVideo(path: string): boolean {
  return /\.(mp4|m4v|mov|mkv|webm|avi|mpe?g|ts|mts|m2ts|wmv|flv|ogv|3gp|h264|h265|hevc|mjpe?g|y4m)$/i.test(path);
}

async function firstBytes(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** A path for messages: relative where that is shorter. */
export function sayPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.length < path.length && !short.startsWith('..') ? short || '.' : path;
}
