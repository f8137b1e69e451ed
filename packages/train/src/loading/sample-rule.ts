import { loadLabelMap, mapLabels } from '@fovea/formats';
import { decodeImage, type Placement, placeImage, type RawImage, resample } from '@fovea/image';
import { TrainError } from '../error.js';
import type { PlannedPicture } from '../plan.js';
import type { KeptSample } from './sample-record.js';

/** Pictures to train on are kept this much larger than the network's input at the most, so that crops stay sharp. */
const keptScale = 1.6;

/** A size in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** How a picture becomes a sample: the same rule makes the same bytes of the same file. */
export interface SampleRule {
  /** Everything the bytes depend on besides the files. */
  readonly key: object;
  /** Whether label maps belong to it. */
  readonly hasLabels: boolean;
  /** Size of the sample's pixels, for a picture of this size. */
  sizeOf(picture: Size): Size;
  /** Makes a sample of the files at the picture's paths. @throws FoveaError `unreadable_image`, `bad_label_map` */
  make(picture: PlannedPicture): Promise<KeptSample>;
}

/** The label map of a picture, where such are wanted, with what is beyond `classes` as unlabelled. */
async function loadLabels(picture: PlannedPicture, size: Size, classes: number | null) {
  if (classes === null || !picture.labelMapPath) return {};
  const known = Array.from({ length: classes }, (_, index) => index);
  const { data, width, height } = mapLabels(await loadLabelMap(picture.labelMapPath), known);
  if (width !== size.width || height !== size.height)
    throw new TrainError(
      'bad_label_map',
      `The label map of "${picture.name}" is ${width} x ${height} and the picture ${size.width} x ${size.height}; they must be of one size.`,
      { picture: picture.name, width, height },
    );
  return { labelMap: data };
}

/**
 * Pictures to train on, shrunk to what a network of this input can make use of.
 *
 * @param classes where label maps are wanted, how many classes there are; `null` elsewhere
 */
export function shrunkRule({ width, height }: Size, classes: number | null): SampleRule {
  const scaleOf = (of: Size) => Math.min(1, keptScale * Math.max(width / of.width, height / of.height));
  const sizeOf = (of: Size): Size => {
    const scale = scaleOf(of);
    return { width: Math.round(of.width * scale), height: Math.round(of.height * scale) };
  };
  return {
    key: { kind: 'shrunk', width, height, scale: keptScale, classes },
    hasLabels: classes !== null,
    sizeOf,
    async make(picture) {
      const image = await decodeImage(picture.path);
      const size = sizeOf(image);
      const shrunk: RawImage =
        scaleOf(image) === 1 ? image : { data: await resample(image, size.width, size.height), ...size };
      return {
        ...{ width: image.width, height: image.height },
        ...{ pixels: shrunk.data, imageWidth: shrunk.width, imageHeight: shrunk.height },
        ...(await loadLabels(picture, image, classes)),
      };
    },
  };
}

/** Pictures to be measured on, placed on the network's input. @param classes as in {@link shrunkRule} */
export function placedRule({ width, height }: Size, placement: Placement, classes: number | null): SampleRule {
  return {
    key: { kind: 'placed', width, height, placement, classes },
    hasLabels: classes !== null,
    sizeOf: () => ({ width, height }),
    async make(picture) {
      const image = await decodeImage(picture.path);
      const pixels = new Uint8Array(width * height * 3);
      const placed = await placeImage(image, pixels, width, height, placement);
      return {
        ...{ width: image.width, height: image.height, pixels, imageWidth: width, imageHeight: height, placed },
        ...(await loadLabels(picture, image, classes)),
      };
    },
  };
}
