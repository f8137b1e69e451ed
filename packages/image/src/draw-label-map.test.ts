import { classColor } from '@fovea/annotations';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { decodeImage } from './decode.js';
import { drawLabelMap } from './draw-label-map.js';

const grey = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#808080' } })
    .png()
    .toBuffer();

test('pixels take their class colour, half or wholly; those without a class stay', async () => {
  // Three bars of 8 columns: class 0, class 1, none.
  const labels = Uint8Array.from({ length: 24 * 8 }, (_, at) => [0, 1, 255][Math.floor((at % 24) / 8)]!);
  const at = async (opacity: number, maxSide?: number) => {
    const image = await decodeImage(
      await drawLabelMap(await grey(24, 8), labels, { opacity, quality: 100, ...(maxSide ? { maxSide } : {}) }),
    );
    const middle = (bar: number) => {
      const pixel = Math.floor(image.height / 2) * image.width + Math.floor((bar + 0.5) * (image.width / 3));
      return [...image.data.subarray(pixel * 3, pixel * 3 + 3)];
    };
    return { size: [image.width, image.height], bars: [0, 1, 2].map(middle) };
  };
  const colours = [0, 1].map((index) => [...Buffer.from(classColor(index).slice(1), 'hex')]);
  const near = (found: number[], want: number[]) =>
    found.forEach((value, channel) => {
      expect(Math.abs(value - want[channel]!)).toBeLessThan(6);
    });
  const whole = await at(1);
  expect(whole.size).toEqual([24, 8]);
  for (const index of [0, 1]) near(whole.bars[index]!, colours[index]!);
  near(whole.bars[2]!, [128, 128, 128]);
  const half = await at(0.5);
  near(
    half.bars[0]!,
    colours[0]!.map((value) => (value + 128) / 2),
  );
  near((await at(0)).bars[1]!, [128, 128, 128]);
  const small = await at(1, 12);
  expect(small.size).toEqual([12, 4]);
  near(small.bars[1]!, colours[1]!);
});
