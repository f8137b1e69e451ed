import { loadLabelMap, mapLabels } from '@fovea/formats';
import { decodeImage, type RawImage, resample, type Sample } from '@fovea/image';
import type { PlannedPicture } from '../plan.js';

/** Bytes of decoded pictures kept at the most; beyond, pictures are decoded again each time. */
const cacheBytes = 768 * 1024 * 1024;
/** Decoded pictures are kept this much larger than the network's input at the most. */
const cachedScale = 1.6;

/** Decodes training pictures, shrunk to what the network can make use of, and keeps as many as memory allows. */
export function createPictureCache(width: number, height: number, wantsLabelMap: boolean, classes: number) {
  const cache = new Map<PlannedPicture, Promise<Sample>>();
  let cached = 0;
  // What is beyond the classes counts as unlabelled.
  const known = Array.from({ length: classes }, (_, index) => index);
  const shrinkOf = (of: { width: number; height: number }) =>
    Math.min(1, cachedScale * Math.max(width / of.width, height / of.height));

  async function load(picture: PlannedPicture): Promise<Sample> {
    const image = await decodeImage(picture.path);
    const scale = shrinkOf(image);
    const size = { width: Math.round(image.width * scale), height: Math.round(image.height * scale) };
    const shrunk: RawImage = scale === 1 ? image : { data: await resample(image, size.width, size.height), ...size };
    return {
      image: shrunk,
      size: { width: image.width, height: image.height },
      boxes: picture.annotations.filter(({ isCrowd }) => !isCrowd),
      classIndices: picture.classIndices ?? [],
      ...(wantsLabelMap && picture.labelMapPath
        ? { labelMap: mapLabels(await loadLabelMap(picture.labelMapPath), known).data }
        : {}),
    };
  }

  return function get(picture: PlannedPicture): Promise<Sample> {
    const kept = cache.get(picture);
    if (kept) return kept;
    const loading = load(picture);
    const pixels = picture.width * picture.height;
    const expected = pixels * (3 * shrinkOf(picture) ** 2 + (wantsLabelMap ? 1 : 0));
    if (cached + expected <= cacheBytes) {
      cached += expected;
      cache.set(picture, loading);
    }
    return loading;
  };
}
