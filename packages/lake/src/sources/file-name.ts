import type { MediaKind } from './source.js';

const PICTURE = new Set('jpg jpeg jpe jfif png webp avif tif tiff bmp dib gif heic heif hif'.split(' '));
// Neither ts nor mts: those are TypeScript to most folders.
const VIDEO = new Set('mp4 m4v mov qt mkv webm avi mpg mpeg m2v m2ts 3gp 3g2 wmv asf flv ogv mjpeg mjpg'.split(' '));
const ARCHIVE = new Set('zip tar tgz gz'.split(' '));
const OTHER_ARCHIVE = new Set('7z rar bz2 tbz tbz2 xz txz zst lz4'.split(' '));

/** The ending of a name without the dot, in lower case; '' for none, and for what is too long to be one. */
export function endingOf(name: string): string {
  const base = name.slice(name.lastIndexOf('/') + 1);
  const dot = base.lastIndexOf('.');
  const ending = dot <= 0 ? '' : base.slice(dot + 1).toLowerCase();
  return ending.length <= 16 ? ending : '';
}

/** Whether the name is a picture's or a video's; undefined for neither. */
export function kindOf(name: string): MediaKind | undefined {
  const ending = endingOf(name);
  return PICTURE.has(ending) ? 'picture' : VIDEO.has(ending) ? 'video' : undefined;
}

/** Whether the name is that of an archive Fovea reads, ZIP or TAR, or of another. */
export function archiveKindOf(name: string): 'readable' | 'other' | undefined {
  const ending = endingOf(name);
  if (ending === 'gz') return /\.tar\.gz$/i.test(name) ? 'readable' : undefined;
  return ARCHIVE.has(ending) ? 'readable' : OTHER_ARCHIVE.has(ending) ? 'other' : undefined;
}

/** Whether a part of a path is left out without a word: a hidden file, or what macOS puts beside files. */
export function isHidden(part: string): boolean {
  return part.startsWith('.') || part === '__MACOSX';
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A file name's bytes as text. Bytes that are no UTF-8 become `%FF`; a `%` that looks like one of them becomes `%25`. */
export function nameText(bytes: Uint8Array): string {
  try {
    return escapePercent(utf8.decode(bytes));
  } catch {
    return decodeWithEscapes(bytes);
  }
}

function decodeWithEscapes(bytes: Uint8Array): string {
  let text = '';
  let from = 0;
  let at = 0;
  const flush = () => {
    if (at > from) text += escapePercent(utf8.decode(bytes.subarray(from, at)));
  };
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    flush();
    text += `%${bytes[at]!.toString(16).toUpperCase()}`;
    from = ++at;
  }
  flush();
  return text;
}

/** The length of the UTF-8 sequence that begins here; 0 where none does. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length < 2) return length;
  try {
    utf8.decode(bytes.subarray(at, at + length));
    return at + length <= bytes.length ? length : 0;
  } catch {
    return 0;
  }
}

function escapePercent(text: string): string {
  return text.replace(/%(?=[89a-f][0-9a-f]|25)/gi, '%25');
}

/** The name of a member of an archive or of an object, as parts that stay below the source; or why it has none. */
export function partsBelow(name: string): readonly string[] | 'outside' | 'bad' {
  if (name.includes('\0')) return 'bad';
  if (name.startsWith('/') || /^[a-z]:[/\\]/i.test(name)) return 'outside';
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) return 'outside';
  return parts.length === 0 ? 'bad' : parts;
}
