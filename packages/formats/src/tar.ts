import { type FileHandle, open } from 'node:fs/promises';
import { FoveaError } from '@fovea/annotations';

/** A file inside a tar archive: where its bytes are. */
export interface TarMember {
  readonly name: string;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** What was found in an archive that is no plain file inside it. */
export interface TarFault {
  readonly code: 'broken_file' | 'link_skipped' | 'path_outside';
  readonly reason: string;
}

const BLOCK = 512;
const MAX_HEADER_BYTES = 1 << 20;

/**
 * The files of a tar archive, from their headers alone (POSIX ustar and pax, GNU long names): bytes are read when they
 * are wanted. Links and devices, names that lead out, and where the archive is broken are told as faults; what lies
 * before a break is there.
 *
 * @param most stops after so many files
 */
export async function* readTar(path: string, most = Number.POSITIVE_INFINITY): AsyncGenerator<TarMember | TarFault> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    let longName: string | undefined;
    let longSize: number | undefined;
    let found = 0;
    for (let at = 0; found < most; ) {
      const header = await readAt(file, at, BLOCK);
      if (header.length === 0 || header.every((byte) => byte === 0)) return;
      if (header.length < BLOCK || !isChecked(header)) {
        yield { code: 'broken_file', reason: `The archive is broken at byte ${at}; what follows was not read.` };
        return;
      }
      const kind = String.fromCharCode(header[156]!);
      const sizeBytes = longSize ?? sizeIn(header);
      const offset = at + BLOCK;
      if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0 || offset + sizeBytes > size) {
        yield {
          code: 'broken_file',
          reason: `The archive is cut off in ${JSON.stringify(nameIn(header).slice(0, 80))}; what follows was not read.`,
        };
        return;
      }
      at = offset + Math.ceil(sizeBytes / BLOCK) * BLOCK;
      if (kind === 'L' || kind === 'x' || kind === 'g') {
        if (sizeBytes > MAX_HEADER_BYTES) {
          yield {
            code: 'broken_file',
            reason: `The archive has a header of ${sizeBytes} bytes; what follows was not read.`,
          };
          return;
        }
        const extra = await readAt(file, offset, sizeBytes);
        if (kind === 'L') longName = untilNul(extra);
        if (kind === 'x') ({ path: longName = longName, size: longSize = longSize } = paxOf(extra));
        continue;
      }
      const name = (longName ?? nameIn(header)).replaceAll('\\', '/').replace(/^(\.\/)+/, '');
      [longName, longSize] = [undefined, undefined];
      if (kind === '5') continue;
      if (kind !== '0' && kind !== '\0' && kind !== '7') {
        yield {
          code: 'link_skipped',
          reason: `${JSON.stringify(name.slice(0, 80))} in it is a link or a device; skipped.`,
        };
      } else if (
        name.startsWith('/') ||
        /^[a-z]:/i.test(name) ||
        name.includes('\0') ||
        name.split('/').includes('..')
      ) {
        yield {
          code: 'path_outside',
          reason: `${JSON.stringify(name.slice(0, 80))} in it leads out of the archive; skipped.`,
        };
      } else if (name !== '' && !name.endsWith('/')) {
        found++;
        yield { name, offset, sizeBytes };
      }
    }
  } finally {
    await file.close();
  }
}

/** Bytes of a member. @throws FoveaError `unreadable_archive` */
export async function loadMember(path: string, { name, offset, sizeBytes }: TarMember): Promise<Uint8Array> {
  const unreadable = (reason: string, cause?: unknown) =>
    new FoveaError('unreadable_archive', `Cannot read "${name}" in "${path}": ${reason}.`, { path, name }, { cause });
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (cause) {
    throw unreadable((cause as NodeJS.ErrnoException).code ?? String(cause), cause);
  }
  try {
    if ((await file.stat()).size < offset + sizeBytes) throw unreadable('the archive was cut off since it was opened');
    return await readAt(file, offset, sizeBytes);
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await file.read(buffer, read, length - read, at + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return buffer.subarray(0, read);
}

function isChecked(header: Buffer): boolean {
  const stated = Number.parseInt(untilNul(header.subarray(148, 156)).trim(), 8);
  return stated === checksum(header);
}

/** The sum of all bytes, those of the sum itself taken for blanks. */
function checksum(header: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) sum += at >= 148 && at < 156 ? 32 : header[at]!;
  return sum;
}

function sizeIn(header: Buffer): number {
  // Large sizes are binary, which the first bit tells.
  if (header[124]! & 0x80) return Number(header.readBigUInt64BE(128));
  return Number.parseInt(untilNul(header.subarray(124, 136)).trim() || '0', 8);
}

function nameIn(header: Buffer): string {
  const name = untilNul(header.subarray(0, 100));
  const isUstar = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isUstar ? untilNul(header.subarray(345, 500)) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** Records of `length key=value\n`, the length counting all of the record. */
function paxOf(bytes: Buffer): { path?: string; size?: number } {
  const found: { path?: string; size?: number } = {};
  for (let at = 0; at < bytes.length; ) {
    const blank = bytes.indexOf(32, at);
    const length = blank < 0 ? Number.NaN : Number(bytes.toString('latin1', at, blank));
    if (!Number.isInteger(length) || length <= blank - at || at + length > bytes.length) break;
    const record = bytes.toString('utf8', blank + 1, at + length - 1);
    const equals = record.indexOf('=');
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (key === 'path') found.path = value;
    if (key === 'size') found.size = Number(value);
    at += length;
  }
  return found;
}

/** The blocks of a file in a tar archive: header (of pax before it, where the name needs it), bytes, filling. */
export function tarBlocks(name: string, content: Uint8Array): Uint8Array[] {
  const bytes = Buffer.from(name);
  const isPlain = bytes.length <= 100 && /^[\x20-\x7e]*$/.test(name);
  const header = headerOf(isPlain ? name : `long-${checksum(padded(bytes.subarray(0, BLOCK)))}`, content.length, '0');
  const filling = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
  if (isPlain) return [header, content, filling];
  const record = paxRecord('path', name);
  return [headerOf('pax', record.length, 'x'), padded(record), header, content, filling];
}

/** What ends a tar archive. */
export function tarEnd(): Uint8Array {
  return Buffer.alloc(2 * BLOCK);
}

function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + 1;
  while (String(length).length + rest !== length) length = String(length).length + rest;
  return Buffer.from(`${length} ${key}=${value}\n`);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
}

/** No owner and no time, so that the same files give the same archive. */
function headerOf(name: string, size: number, kind: string): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0, 100);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write(kind, 156);
  header.write('ustar\0', 257);
  header.write('00', 263);
  header.write(`${checksum(header).toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
