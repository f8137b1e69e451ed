import { sniffFormat } from '@fovea/image';
import type { MediaKind } from './source.js';

/** Whether bytes begin like a picture or a video; undefined for neither. For files whose name says nothing. */
export function sniffMedia(head: Uint8Array): MediaKind | undefined {
  if (sniffFormat(head) !== undefined) return 'picture';
  const text = (from: number, to: number) => String.fromCharCode(...head.subarray(from, to));
  if (text(4, 8) === 'ftyp') return /^(hei|hev|mif|msf|avi)/.test(text(8, 12)) ? 'picture' : 'video';
  if (['moov', 'mdat', 'wide'].includes(text(4, 8))) return 'video';
  const isMatroska = text(0, 4) === '\x1a\x45\xdf\xa3';
  const isAvi = text(0, 4) === 'RIFF' && text(8, 12) === 'AVI ';
  const isMpeg = text(0, 3) === '\0\0\x01' && (head[3] === 0xba || head[3] === 0xb3);
  const isTransport = head[0] === 0x47 && head[188] === 0x47 && head[376] === 0x47;
  const isOther = text(0, 3) === 'FLV' || text(0, 4) === 'OggS' || text(0, 4) === '\x30\x26\xb2\x75';
  return isMatroska || isAvi || isMpeg || isTransport || isOther ? 'video' : undefined;
}
