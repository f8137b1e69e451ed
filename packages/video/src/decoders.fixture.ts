import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RawImage } from '@fovea/image';
import type { DecoderName } from './decoders.js';
import { loadNodeAv } from './node-av.js';

const here = dirname(fileURLToPath(import.meta.url));

/** Small videos of this room, see their README. */
export const fixtures = join(here, '../fixtures');

/** Real videos beside the repository. */
export const videos = join(process.env.FOVEA_SHARED ?? join(here, '../../../../shared'), 'data/video');
export const hasVideos = existsSync(videos);

const hasFfmpeg = (() => {
  try {
    execFileSync('ffmpeg', ['-version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();
const hasNodeAv = await loadNodeAv().then(
  () => true,
  () => false,
);

/** Every decoder passes the same suites; one that is not on this machine is skipped. */
export const decoders: readonly { readonly decoder: DecoderName; readonly isThere: boolean }[] = [
  { decoder: 'node-av', isThere: hasNodeAv },
  { decoder: 'ffmpeg', isThere: hasFfmpeg },
];

/** A picture's pixels in few characters. */
export function hashOf({ data, width, height }: RawImage): string {
  return createHash('sha256').update(`${width} ${height} `).update(data).digest('hex').slice(0, 16);
}
