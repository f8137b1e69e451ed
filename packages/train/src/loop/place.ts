import { type Letterbox, letterbox, type RawImage, resample } from '@fovea/image';
import type { Placement } from '@fovea/models';

/** Places a picture on the canvas of a network's input, uint8 [height, width, 3]. */
export async function placePicture(
  image: RawImage,
  canvas: Uint8Array,
  width: number,
  height: number,
  placement: Placement,
): Promise<Letterbox> {
  if (placement === 'letterbox-top-left') return letterbox(image, canvas, width, height);
  if (placement === 'stretch') {
    canvas.set(await resample(image, width, height));
    return { scaleX: width / image.width, scaleY: height / image.height };
  }
  const scale = Math.max(width / image.width, height / image.height);
  const area = {
    width: Math.max(1, Math.min(image.width, Math.round(width / scale))),
    height: Math.max(1, Math.min(image.height, Math.round(height / scale))),
  };
  const left = (image.width - area.width) >> 1;
  const top = (image.height - area.height) >> 1;
  canvas.set(await resample(image, width, height, { area: { ...area, left, top } }));
  return { scaleX: scale, scaleY: scale };
}
