// A process of picture-pool.ts: takes paths, answers with facts once the bytes are on disk.
import { FoveaError } from '@fovea/annotations';
import { loadImageFile, type PictureFacts, readFacts } from '@fovea/image';
import { openBlobWriter, StoreError } from '@fovea/store';
import { storeThumbnailSync } from '../thumbnail.js';

/** Everything of a picture but its thumbnail, which lies in the cache. */
export type StowedPicture = Omit<PictureFacts, 'thumbnail'>;

/** One picture to take in. */
export interface PictureRequest {
  readonly id: number;
  /** Of its file, its bytes in hexadecimal: not every file's name is text. */
  readonly path: string;
  /** What errors call it; without it the file is one that nobody knows of. */
  readonly file?: string;
}

/** An error as it crosses from one process to another. */
export interface SentError {
  readonly kind: 'fovea' | 'store' | 'other';
  readonly code?: string;
  readonly message: string;
  readonly details?: Record<string, unknown>;
}

/** What a worker says: that it can begin, or how a request ended. */
export type PictureReply =
  | { readonly ready: true }
  | { readonly id: number; readonly picture: StowedPicture }
  | { readonly id: number; readonly error: SentError };

const home = { path: process.argv[2]! };
const blobs = openBlobWriter(home.path, process.argv[3]);

async function stow(request: PictureRequest): Promise<StowedPicture> {
  const bytes = await loadImageFile(Buffer.from(request.path, 'hex'));
  const { thumbnail, ...picture } = await readFacts(bytes, request.file === undefined ? {} : { file: request.file });
  storeThumbnailSync(home, picture.sha256, thumbnail);
  await blobs.put(picture.sha256, bytes);
  return picture;
}

function describe(error: unknown): SentError {
  const { message, code, details } = error as FoveaError;
  const kind = error instanceof FoveaError ? 'fovea' : error instanceof StoreError ? 'store' : 'other';
  return { kind, message, ...(code !== undefined && { code }), ...(details && { details }) };
}

// What cannot be sent nobody waits for: see below.
const send = (reply: PictureReply) => process.send!(reply, undefined, undefined, () => undefined);

process.on('message', async (request: PictureRequest) => {
  try {
    send({ id: request.id, picture: await stow(request) });
  } catch (error) {
    send({ id: request.id, error: describe(error) });
  }
});
// Whoever asked is gone: what was begun is of no use, and what is on disk is whole.
process.on('disconnect', () => process.exit());
// The interrupt of a terminal goes to all processes; the one that asked decides what becomes of its pictures.
process.on('SIGINT', () => undefined);
send({ ready: true });
