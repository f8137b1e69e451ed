import type { RawImage } from '@fovea/image';

/**
 * Clockwise quarter turns, 0 to 3, that bring a frame upright, from a video's display matrix: nine 32-bit integers, of
 * which the first two are cosine and sine of the turn times 65536 (FFmpeg, libavutil/display.h). 0 where there is none.
 */
export function quarterTurns(matrix: Uint8Array | null): number {
  if (!matrix || matrix.length < 8) return 0;
  const view = new DataView(matrix.buffer, matrix.byteOffset, matrix.length);
  const angle = Math.atan2(view.getInt32(4, true), view.getInt32(0, true));
  return (Math.round(angle / (Math.PI / 2)) + 4) % 4;
}

/** Turns an RGB image clockwise by quarter turns, 0 to 3; the same object for 0. */
export function turnImage(image: RawImage, turns: number): RawImage {
  if (turns === 0) return image;
  const { data, width, height } = image;
  const isSideways = turns % 2 === 1;
  const [toWidth, toHeight] = isSideways ? [height, width] : [width, height];
  const turned = new Uint8Array(data.length);
  for (let y = 0; y < toHeight; y++) {
    for (let x = 0; x < toWidth; x++) {
      const fromX = turns === 1 ? y : turns === 2 ? width - 1 - x : width - 1 - y;
      const fromY = turns === 1 ? height - 1 - x : turns === 2 ? height - 1 - y : x;
      const from = (fromY * width + fromX) * 3;
      const to = (y * toWidth + x) * 3;
      turned[to] = data[from]!;
      turned[to + 1] = data[from + 1]!;
      turned[to + 2] = data[from + 2]!;
    }
  }
  return { data: turned, width: toWidth, height: toHeight };
}
