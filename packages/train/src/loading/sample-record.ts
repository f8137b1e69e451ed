import type { Letterbox } from '@fovea/image';
import { decodeLabelRuns, encodeLabelRuns } from './label-runs.js';
import type { Lent } from './sample-buffers.js';

/** A picture as training takes it: decoded and shrunk, or, to be measured on, placed on the network's input. */
export interface KeptSample {
  /** Size of the picture itself, upright. */
  readonly width: number;
  readonly height: number;
  /** RGB, uint8 [imageHeight, imageWidth, 3]. */
  readonly pixels: Uint8Array;
  readonly imageWidth: number;
  readonly imageHeight: number;
  /** How it was placed, where it was. */
  readonly placed?: Letterbox;
  /** Class of each pixel at `width` x `height`, 255 unlabelled. */
  readonly labelMap?: Uint8Array;
}

/**
 * Bytes before the pixels, little-endian: width, height, imageWidth, imageHeight and the label map's bytes as uint32,
 * four unused, then scaleX, scaleY, left and top as float64, NaN for what there is not.
 */
const headBytes = 56;

/** Most bytes a record takes, known before the picture is decoded. */
export function recordBytes(imageWidth: number, imageHeight: number, labelPixels: number): number {
  return headBytes + imageWidth * imageHeight * 3 + (labelPixels > 0 ? labelPixels + 1 : 0);
}

/** A sample as bytes to write one after another: the pixels are not copied. */
export function encodeRecord(sample: KeptSample): Uint8Array[] {
  const { width, height, imageWidth, imageHeight, pixels, placed, labelMap } = sample;
  const head = Buffer.alloc(headBytes);
  const labels = labelMap && encodeLabelRuns(labelMap);
  for (const [at, value] of [width, height, imageWidth, imageHeight, labels?.length ?? 0].entries())
    head.writeUInt32LE(value, at * 4);
  for (const [at, value] of [placed?.scaleX, placed?.scaleY, placed?.left, placed?.top].entries())
    head.writeDoubleLE(value ?? Number.NaN, 24 + at * 8);
  return labels ? [head, pixels, labels] : [head, pixels];
}

/** The sample in a record; its pixels are a view of the lent bytes. */
export function decodeRecord({ bytes }: Lent): KeptSample {
  const whole = (at: number) => bytes.readUInt32LE(at * 4);
  const [width, height, imageWidth, imageHeight, labelBytes] = [whole(0), whole(1), whole(2), whole(3), whole(4)];
  const end = headBytes + imageWidth * imageHeight * 3;
  const [scaleX, scaleY, left, top] = [24, 32, 40, 48].map((at) => bytes.readDoubleLE(at)) as [
    number,
    number,
    number,
    number,
  ];
  return {
    ...{ width, height, imageWidth, imageHeight, pixels: bytes.subarray(headBytes, end) },
    ...(Number.isNaN(scaleX)
      ? {}
      : { placed: Number.isNaN(left) ? { scaleX, scaleY } : { scaleX, scaleY, left, top } }),
    ...(labelBytes > 0 ? { labelMap: decodeLabelRuns(bytes.subarray(end, end + labelBytes), width * height) } : {}),
  };
}
