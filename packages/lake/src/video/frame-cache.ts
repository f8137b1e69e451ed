import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FoveaError } from '@fovea/annotations';
import { type Home, storageError } from '@fovea/store';
import { openVideo, type VideoReader } from '@fovea/video';
import { frameAddress, toMicros } from './frame-address.js';
import { encodeFrame } from './sample-video.js';

/** Bytes of frames that are kept; those that were not asked for longest go first. */
const MAX_BYTES = 2 * 2 ** 30;
/** After so many bytes of new frames it is seen whether there are too many. */
const PRUNE_AFTER_BYTES = 64 * 2 ** 20;
/** What was asked for just now is about to be opened. */
const KEEP_MS = 60_000;
/** A frame that is asked for again counts as new after so long. */
const TOUCH_MS = 600_000;
const OPEN_VIDEOS = 4;
const IDLE_MS = 10_000;

/** Bounds of a cache of frames, for tests. */
export interface FrameCacheLimits {
  readonly maxBytes?: number;
  readonly pruneAfterBytes?: number;
  readonly keepMs?: number;
}

/** JPEGs of frames below `cache/frames`, made when they are first asked for. */
export interface FrameCache {
  load(videoSha256: string, timeSeconds: number): Promise<string>;
  close(): Promise<void>;
}

const caches = new WeakMap<Home, FrameCache>();

/**
 * The path of a frame's JPEG, see `encodeFrame`; made from the video where it is not there, and to be opened soon. Frames
 * of one video that are asked for at once are made in the order they are shown, by one decoder that goes on from where
 * it is.
 *
 * @throws StoreError `unknown_blob` where the video's bytes are gone; FoveaError `no_frame`, `unreadable_video`,
 *   `no_video_decoder`
 */
export function loadFrame(home: Home, videoSha256: string, timeSeconds: number): Promise<string> {
  let cache = caches.get(home);
  if (cache === undefined) {
    const opened = openFrameCache(home);
    cache = opened;
    caches.set(home, opened);
    home.onClose(() => opened.close());
  }
  return cache.load(videoSha256, timeSeconds);
}

/** A video that is open for its frames, and who waits for which. */
interface OpenedVideo {
  reader: VideoReader;
  readonly waiting: Wish[];
  lastMicros: number;
  isBusy: boolean;
  idle: NodeJS.Timeout | undefined;
}

interface Wish {
  readonly micros: number;
  resolve(path: Promise<string>): void;
}

/** Opens a cache of its own; {@link loadFrame} keeps one a home. */
export function openFrameCache(home: Pick<Home, 'path' | 'blobs'>, limits: FrameCacheLimits = {}): FrameCache {
  const { maxBytes = MAX_BYTES, pruneAfterBytes = PRUNE_AFTER_BYTES, keepMs = KEEP_MS } = limits;
  const root = join(home.path, 'cache', 'frames');
  const loading = new Map<string, Promise<string>>();
  const videos = new Map<string, Promise<OpenedVideo>>();
  let isClosed = false;
  let newBytes = 0;
  let pruning: Promise<void> | undefined;

  const write = async (path: string, bytes: Uint8Array): Promise<void> => {
    const draft = join(home.path, 'tmp', `blob-${process.pid}-${randomUUID()}`);
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(draft, bytes);
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true }).catch(() => undefined);
      throw storageError(error, home.path);
    }
    newBytes += bytes.length;
    if (newBytes < pruneAfterBytes || pruning !== undefined) return;
    newBytes = 0;
    pruning = prune(root, maxBytes, keepMs).finally(() => {
      pruning = undefined;
    });
    // What it frees must keep up with what is written.
    await pruning;
  };

  const make = async (sha256: string, video: OpenedVideo, micros: number): Promise<string> => {
    const read = async () => (await video.reader.frameAt(micros / 1e6)).image;
    const image = await read().catch(async (error: unknown) => {
      if (!(error instanceof FoveaError) || error.code !== 'unreadable_video') throw error;
      // A copy of bytes that lie elsewhere may have given way to others since it was opened: once more, from a new one.
      await video.reader.close();
      video.reader = openVideo(await home.blobs.localPath(sha256));
      return read();
    });
    const path = pathOf(frameAddress(sha256, micros / 1e6));
    await write(path, await encodeFrame(image));
    return path;
  };

  const close = async (sha256: string, video: OpenedVideo): Promise<void> => {
    videos.delete(sha256);
    clearTimeout(video.idle);
    await video.reader.close();
  };

  /** The next frame that somebody waits for: the nearest ahead, else the first. */
  const serve = async (sha256: string, video: OpenedVideo): Promise<void> => {
    if (video.isBusy) return;
    video.isBusy = true;
    clearTimeout(video.idle);
    while (video.waiting.length > 0) {
      video.waiting.sort((a, b) => a.micros - b.micros);
      const ahead = video.waiting.findIndex(({ micros }) => micros >= video.lastMicros);
      const [wish] = video.waiting.splice(Math.max(ahead, 0), 1);
      video.lastMicros = wish!.micros;
      const made = make(sha256, video, wish!.micros);
      wish!.resolve(made);
      await made.catch(() => undefined);
    }
    video.isBusy = false;
    video.idle = setTimeout(() => void close(sha256, video).catch(() => undefined), IDLE_MS);
    video.idle.unref();
  };

  const open = async (sha256: string): Promise<OpenedVideo> => {
    await makeRoom();
    const reader = openVideo(await home.blobs.localPath(sha256));
    return { reader, waiting: [], lastMicros: 0, isBusy: false, idle: undefined };
  };

  /** Closes the videos nobody waits for that were opened first, where too many are open. */
  const makeRoom = async (): Promise<void> => {
    for (const [sha256, opening] of [...videos].slice(0, -1)) {
      if (videos.size <= OPEN_VIDEOS) return;
      const video = await opening.catch(() => undefined);
      if (video && !video.isBusy && video.waiting.length === 0) await close(sha256, video);
    }
  };

  const pathOf = (address: string) => join(root, address.slice(0, 2), `${address.slice(2)}.jpg`);

  const load = async (videoSha256: string, timeSeconds: number): Promise<string> => {
    if (isClosed) throw new FoveaError('shutting_down', 'The home is being closed.');
    const path = pathOf(frameAddress(videoSha256, timeSeconds));
    const found = await stat(path).catch(() => undefined);
    // A power cut can leave a file without its bytes.
    if (found !== undefined && found.size > 0) {
      const now = new Date();
      if (now.getTime() - found.mtimeMs > TOUCH_MS) await utimes(path, now, now).catch(() => undefined);
      return path;
    }
    let opening = videos.get(videoSha256);
    if (opening === undefined) {
      opening = open(videoSha256);
      videos.set(videoSha256, opening);
      opening.catch(() => videos.delete(videoSha256));
    }
    const video = await opening;
    // It may have been closed for want of use between the two.
    if (videos.get(videoSha256) !== opening) return load(videoSha256, timeSeconds);
    return new Promise<string>((resolve) => {
      video.waiting.push({ micros: toMicros(timeSeconds), resolve });
      void serve(videoSha256, video);
    });
  };

  return {
    load(videoSha256, timeSeconds) {
      const address = frameAddress(videoSha256, timeSeconds);
      const known = loading.get(address);
      if (known !== undefined) return known;
      const made = load(videoSha256, timeSeconds).finally(() => loading.delete(address));
      loading.set(address, made);
      return made;
    },
    async close() {
      isClosed = true;
      for (const [sha256, opening] of [...videos]) {
        const video = await opening.catch(() => undefined);
        if (video !== undefined) await close(sha256, video);
      }
      await pruning;
    },
  };
}

/** Removes frames, those asked for longest ago first, down to four fifths of the limit. */
async function prune(root: string, maxBytes: number, keepMs: number): Promise<void> {
  const files: { path: string; size: number; mtimeMs: number }[] = [];
  let total = 0;
  for (const folder of await readdir(root).catch(() => [])) {
    for (const name of await readdir(join(root, folder)).catch(() => [])) {
      const path = join(root, folder, name);
      const found = await stat(path).catch(() => undefined);
      if (!found?.isFile()) continue;
      files.push({ path, size: found.size, mtimeMs: found.mtimeMs });
      total += found.size;
    }
  }
  if (total <= maxBytes) return;
  files.sort((a, b) => a.mtimeMs - b.mtimeMs);
  for (const { path, size, mtimeMs } of files) {
    if (total <= maxBytes * 0.8 || Date.now() - mtimeMs < keepMs) return;
    await rm(path, { force: true });
    total -= size;
  }
}
