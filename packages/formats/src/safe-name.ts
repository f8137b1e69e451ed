import { createHash } from 'node:crypto';
import { posix } from 'node:path';

/** Names that Windows keeps for devices, with any ending. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)/i;
/** Control characters, what Windows forbids in names, line separators, marks that turn the direction of text. */
const FORBIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff<>:"|?*\\/]/gu;
/** The longest name of a file or folder on usual file systems, less room for a suffix. */
const MAX_PART_BYTES = 200;
const MAX_PATH_BYTES = 700;

/** The endings by which a picture's format is known. */
const ENDINGS: Record<string, readonly string[]> = {
  jpeg: ['.jpg', '.jpeg', '.jpe'],
  png: ['.png'],
  webp: ['.webp'],
  avif: ['.avif'],
  tiff: ['.tif', '.tiff'],
  gif: ['.gif'],
  bmp: ['.bmp'],
  heic: ['.heic', '.heif'],
  heif: ['.heic', '.heif'],
};

/**
 * A path that any system can have a file at, from one that may come from anywhere: no way up or out, no character that
 * a system forbids, no device's name, no hidden file, composed Unicode, no part too long.
 */
export function safePath(path: string): string {
  const parts = path
    .normalize('NFC')
    .split('/')
    .filter((part) => part !== '' && part !== '.' && part !== '..')
    .map(safePart);
  const joined = parts.join('/') || '_';
  if (Buffer.byteLength(joined) <= MAX_PATH_BYTES) return joined;
  const digest = createHash('sha256').update(path).digest('hex').slice(0, 12);
  return `${digest}-${parts.at(-1)!}`;
}

/** {@link safePath} of one part; what was a slash becomes an underscore. */
export function safePart(part: string): string {
  let name = part
    .normalize('NFC')
    .replace(FORBIDDEN, '_')
    .replace(/[. ]+$/, (end) => '_'.repeat(end.length))
    .replace(/^ +/, (start) => '_'.repeat(start.length));
  if (DEVICE.test(name) || /^\./.test(name) || name === '' || name === '__MACOSX') name = `_${name}`;
  if (Buffer.byteLength(name) <= MAX_PART_BYTES) return name;
  const { name: stem, ext } = posix.parse(name);
  const digest = createHash('sha256').update(part).digest('hex').slice(0, 12);
  const ending = Buffer.byteLength(ext) <= 20 ? ext : '';
  let kept = '';
  for (const character of stem) {
    if (Buffer.byteLength(kept + character) > MAX_PART_BYTES - 13 - Buffer.byteLength(ending)) break;
    kept += character;
  }
  return `${kept}-${digest}${ending}`;
}

/** The name with an ending by which a picture of this format is known: its own, or one more. */
export function withPictureEnding(name: string, format: string): string {
  const endings = ENDINGS[format] ?? [`.${safePart(format)}`];
  return endings.includes(posix.extname(name).toLowerCase()) ? name : `${name}${endings[0]}`;
}
