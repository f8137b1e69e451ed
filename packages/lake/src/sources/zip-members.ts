import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { brokenArchive, type Member, openMemberRules, type TakenMember } from './archive-members.js';
import { nameText } from './file-name.js';
import { CHUNK_BYTES, passBytes } from './limited-bytes.js';
import type { SourceItem, SourceLimits } from './source.js';
import type { SourceReport } from './source-report.js';

/**
 * The pictures and videos in a ZIP file, in the order of its directory. They may be opened any time while the file is
 * there; what is read is held against its CRC.
 *
 * @throws FoveaError `broken_archive` for what is no ZIP; `archive_bomb`
 */
export async function* zipMembers(
  path: string | Buffer,
  location: string,
  limits: SourceLimits,
  report: SourceReport,
  signal?: AbortSignal,
): AsyncGenerator<SourceItem> {
  const file = await open(path);
  try {
    yield* readDirectory(file, path, location, limits, report, signal);
  } finally {
    await file.close();
  }
}

async function* readDirectory(
  file: FileHandle,
  path: string | Buffer,
  location: string,
  limits: SourceLimits,
  report: SourceReport,
  signal: AbortSignal | undefined,
): AsyncGenerator<SourceItem> {
  const { size } = await file.stat();
  const rules = openMemberRules({ location, sizeBytes: size }, limits, report);
  let zip: ZipFile;
  try {
    zip = await yauzl.fromRandomAccessReaderPromise(new FileReader(file), size, {
      autoClose: false,
      decodeStrings: false,
      // That stops at the first stored member whose sizes differ, and only that one is at fault.
      validateEntrySizes: false,
    });
  } catch (cause) {
    throw brokenArchive(location, cause);
  }
  const entries = zip.eachEntry()[Symbol.asyncIterator]();
  for (;;) {
    signal?.throwIfAborted();
    let next: IteratorResult<Entry>;
    try {
      next = await entries.next();
    } catch (cause) {
      // The directory is read entry by entry, and what came before the broken one is well.
      return report.tell(
        location,
        'broken_archive',
        `The archive's directory is broken; the rest was left out: ${brokenArchive(location, cause).details?.reason}.`,
      );
    }
    if (next.done) return;
    const entry = next.value;
    const member = rules.take({ ...describe(entry), name: nameOf(entry) });
    if (member === undefined) continue;
    const { uncompressedSize } = entry;
    yield {
      location: member.location,
      name: member.name,
      kind: member.kind,
      fingerprint: `${entry.crc32.toString(16).padStart(8, '0')}-${uncompressedSize}`,
      sizeBytes: uncompressedSize,
      open: () => openMember(path, entry, member),
    };
  }
}

const LOCAL_HEADER_BYTES = 30;
const LOCAL_HEADER_MARK = 0x04034b50;

async function openMember(path: string | Buffer, entry: Entry, { location, maxBytes }: TakenMember): Promise<Readable> {
  const broken = (cause: unknown) => brokenArchive(location, cause);
  const file = await open(path).catch((cause) => {
    throw broken(cause);
  });
  let packed: Readable;
  try {
    const header = Buffer.alloc(LOCAL_HEADER_BYTES);
    const { bytesRead } = await file.read(header, 0, LOCAL_HEADER_BYTES, entry.relativeOffsetOfLocalHeader);
    if (bytesRead < LOCAL_HEADER_BYTES) throw broken('unexpected end');
    if (header.readUInt32LE(0) !== LOCAL_HEADER_MARK) throw broken('no member begins where it should');
    // The name and the extra field may be others than those of the directory.
    const start =
      entry.relativeOffsetOfLocalHeader + LOCAL_HEADER_BYTES + header.readUInt16LE(26) + header.readUInt16LE(28);
    // Of no bytes there is no stream: its last would come before its first.
    if (entry.compressedSize === 0) await file.close();
    packed =
      entry.compressedSize === 0
        ? Readable.from([])
        : file.createReadStream({ start, end: start + entry.compressedSize - 1, highWaterMark: CHUNK_BYTES });
  } catch (error) {
    await file.close();
    throw error;
  }
  let plain = packed;
  if (entry.compressionMethod === 8) {
    const inflate = createInflateRaw({ chunkSize: CHUNK_BYTES });
    packed.on('error', (error) => inflate.destroy(error));
    inflate.once('close', () => packed.destroy());
    plain = packed.pipe(inflate);
  }
  let sum = 0;
  let unpackedBytes = 0;
  return passBytes(plain, {
    location,
    maxBytes,
    onChunk: (chunk) => {
      sum = crc32(chunk, sum);
      unpackedBytes += chunk.length;
      if (unpackedBytes > entry.uncompressedSize) throw broken('more comes out than its directory says');
    },
    onEnd: (sizeBytes) => {
      if (sizeBytes !== entry.uncompressedSize) throw broken('unexpected end');
      if (sum !== entry.crc32) throw broken('its checksum does not fit');
    },
    explain: broken,
  });
}

function describe(entry: Entry): Omit<Member, 'name'> {
  const sizes = { sizeBytes: entry.uncompressedSize, packedBytes: entry.compressedSize };
  // Only Unix and macOS write a file's mode there.
  const mode = [3, 19].includes(entry.versionMadeBy >> 8) ? (entry.externalFileAttributes >>> 16) & 0o170000 : 0;
  if (entry.fileNameRaw.at(-1) === 0x2f || mode === 0o040000) return { ...sizes, type: 'folder' };
  if (mode === 0o120000) return { ...sizes, type: 'link' };
  if (mode !== 0 && mode !== 0o100000) return { ...sizes, type: 'special' };
  if (entry.isEncrypted()) return { ...sizes, type: 'encrypted' };
  return { ...sizes, type: entry.compressionMethod === 0 || entry.compressionMethod === 8 ? 'file' : 'unsupported' };
}

/** A name as its archive says it: in UTF-8 where it says so, or where it is; else in the code page of old. */
function nameOf(entry: Entry): string {
  const raw = entry.fileNameRaw;
  const saysUtf8 = (entry.generalPurposeBitFlag & 0x800) !== 0;
  if (saysUtf8 || Buffer.from(raw.toString()).equals(raw)) return nameText(raw).replaceAll('\\', '/');
  return yauzl.getFileNameLowLevel(entry.generalPurposeBitFlag, raw, entry.extraFields, false);
}

/** Reads of an open file, for yauzl, which reads the directory alone. */
class FileReader extends yauzl.RandomAccessReader {
  constructor(private readonly file: FileHandle) {
    super();
  }

  override read(buffer: Buffer, offset: number, length: number, position: number, callback: (e: Error | null) => void) {
    const readAll = async () => {
      for (let done = 0; done < length; ) {
        const { bytesRead } = await this.file.read(buffer, offset + done, length - done, position + done);
        if (bytesRead === 0) throw new Error('unexpected EOF');
        done += bytesRead;
      }
    };
    readAll().then(() => callback(null), callback);
  }

  override close(callback: (e: Error | null) => void) {
    callback(null);
  }
}
