import { closeSync, openSync, readSync } from 'node:fs';

/** The usual name of a container, from FFmpeg's name of its reader and the file's first bytes. */
export function nameContainer(reader: string, path: string): string {
  const text = firstBytes(path).toString('latin1');
  if (reader.startsWith('matroska')) return text.includes('webm') ? 'webm' : 'matroska';
  if (reader.startsWith('mov')) return text.slice(4, 12) === 'ftypqt  ' || text.slice(4, 8) !== 'ftyp' ? 'mov' : 'mp4';
  return reader.split(',')[0]!;
}

function firstBytes(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(64);
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(file);
  }
}
