import { open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TrainError } from './error.js';

/** Numbers and vectors from which training goes on exactly where it was. */
export interface Checkpoint {
  readonly header: Record<string, unknown>;
  readonly vectors: Readonly<Record<string, Float32Array>>;
}

const magic = 'FOVEACK1';

/** Writes a checkpoint so that a crash at any moment leaves either the old file or the new one whole. */
export async function writeCheckpoint(path: string, { header, vectors }: Checkpoint): Promise<void> {
  const names = Object.keys(vectors);
  const text = Buffer.from(
    JSON.stringify({ header, vectors: names.map((name) => ({ name, length: vectors[name]!.length })) }),
  );
  const prefix = Buffer.alloc(12);
  prefix.write(magic, 'latin1');
  prefix.writeUInt32LE(text.length, 8);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(prefix);
      await file.writeFile(text);
      for (const name of names) {
        const { buffer, byteOffset, byteLength } = vectors[name]!;
        await file.writeFile(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength));
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    const folder = await open(dirname(path), 'r');
    await folder.sync().finally(() => folder.close());
  } catch (cause) {
    await unlink(temporary).catch(() => undefined);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TrainError(
      'checkpoint_not_written',
      `The checkpoint could not be written (${reason}); free some space and resume.`,
      {},
      { cause },
    );
  }
}

/** Reads a checkpoint; `null` where there is none. Throws `broken_checkpoint` for a file that is not one. */
export async function readCheckpoint(path: string): Promise<Checkpoint | null> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (!bytes) return null;
  const broken = (cause?: unknown) =>
    new TrainError(
      'broken_checkpoint',
      `"${path}" is not a whole checkpoint; delete it to start the run afresh.`,
      {},
      { cause },
    );
  if (bytes.length < 12 || bytes.toString('latin1', 0, 8) !== magic) throw broken();
  let offset = 12 + bytes.readUInt32LE(8);
  if (offset > bytes.length) throw broken();
  let contents: { header: Record<string, unknown>; vectors: { name: string; length: number }[] };
  try {
    contents = JSON.parse(bytes.toString('utf8', 12, offset));
  } catch (cause) {
    throw broken(cause);
  }
  const { header, vectors } = contents;
  const read: [string, Float32Array][] = [];
  for (const { name, length } of vectors) {
    if (offset + length * 4 > bytes.length) throw broken();
    const start = bytes.byteOffset + offset;
    read.push([name, new Float32Array(bytes.buffer.slice(start, start + length * 4))]);
    offset += length * 4;
  }
  // Entries, so that no name, not even __proto__, means anything but itself.
  return { header, vectors: Object.fromEntries(read) };
}
