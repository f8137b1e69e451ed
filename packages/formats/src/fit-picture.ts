import {
  type BoxAnnotation,
  type CocoRle,
  decodeMask,
  encodeMask,
  FoveaError,
  maskFromCoco,
  maskToCoco,
  type Polygon,
  polygonBox,
  polygonsToMask,
} from '@fovea/annotations';
import type { Capability } from './capability.js';
import type { ExportPicture } from './dataset.js';
import { boxAroundRotated } from './object-shape.js';
import { joinParts, tryOutlineMask } from './outline.js';
import { isSameBox } from './shape-groups.js';

/** Says what of a picture became otherwise: a code, a sentence, how many. */
export type Tell = (code: string, reason: string, count?: number) => void;

/**
 * The picture as a format can say it, and everything taken out or turned told; undefined where nothing is left that
 * makes it worth writing, as with a picture nobody labelled in a format where that would be background.
 */
export function fitPicture(
  picture: ExportPicture,
  capability: Capability,
  classNames: ReadonlySet<string>,
  tell: Tell,
): ExportPicture | undefined {
  const { labelMap, classNames: ofPicture, annotations, ...rest } = picture;
  const fitted = { ...rest, annotations: [] as BoxAnnotation[] };
  if (capability.boxes === false) {
    tell('boxes_dropped', 'The format says no objects; they were left out.', annotations.length);
    fitted.boxed = false;
  } else fitted.annotations = fitAnnotations(annotations, picture, capability, classNames, tell);

  const known = ofPicture?.filter((name) => classNames.has(name)) ?? [];
  tell('unknown_class', 'The data set has no such class; it was left out.', (ofPicture?.length ?? 0) - known.length);
  const classes =
    capability.pictureClasses === 'many' ? known : capability.pictureClasses === 'one' ? known.slice(0, 1) : [];
  const room = capability.pictureClasses ? 'only one class' : 'no classes';
  tell('picture_classes_dropped', `The format says ${room} of a picture as a whole.`, known.length - classes.length);
  if (labelMap && !capability.labelMaps) tell('label_map_dropped', 'The format says no classes of pixels.');

  const says =
    (capability.boxes !== false && picture.boxed) ||
    classes.length > 0 ||
    (labelMap !== undefined && capability.labelMaps);
  if (!says && !capability.unlabelled) {
    tell('unlabelled_left_out', 'Nothing the format can say is known of the picture; it was left out.');
    return undefined;
  }
  return {
    ...fitted,
    labelled: picture.labelled && says,
    ...(classes.length > 0 && { classNames: classes }),
    ...(labelMap && capability.labelMaps && { labelMap }),
  };
}

function fitAnnotations(
  annotations: readonly BoxAnnotation[],
  size: { readonly width: number; readonly height: number },
  capability: Capability,
  classNames: ReadonlySet<string>,
  tell: Tell,
): BoxAnnotation[] {
  const fitted: BoxAnnotation[] = [];
  for (const annotation of annotations) {
    const { box, className, isCrowd } = annotation;
    if (!classNames.has(className)) {
      tell('unknown_class', `The data set has no class ${JSON.stringify(className)}; its object was left out.`);
    } else if (!box.every(Number.isFinite) || !(box[2] > box[0] && box[3] > box[1])) {
      tell('bad_number', `A box of ${className} has corners (${box.join(', ')}); left out.`);
    } else if (isCrowd && !capability.crowds) {
      tell('crowd_left_out', `The format says no regions of many objects; as one ${className} it would be wrong.`);
    } else fitted.push(fitAnnotation(annotation, size, capability, tell));
  }
  return fitted;
}

function fitAnnotation(
  annotation: BoxAnnotation,
  size: { readonly width: number; readonly height: number },
  capability: Capability,
  tell: Tell,
): BoxAnnotation {
  const { className, box, isCrowd, rotatedBox, keypoints, trackId, attributes, polygons, holes, mask } = annotation;
  const shape = fitShape({ polygons, holes, mask }, size, capability, tell);
  if (rotatedBox && !capability.rotatedBoxes)
    tell('rotation_dropped', 'The format says no rotated boxes; the upright one stays.');
  if (keypoints && !capability.keypoints) tell('keypoints_dropped', 'The format says no key points; the box stays.');
  if (trackId !== undefined && !capability.tracks) tell('track_dropped', 'The format says no tracks.');
  const around = shape.polygons
    ? polygonBox(...shape.polygons)
    : rotatedBox && capability.rotatedBoxes
      ? boxAroundRotated(rotatedBox)
      : box;
  if (capability.boxFollowsShape && !isSameBox(box, around, 0.5)) {
    tell('box_from_shape', 'The format says no box beside a shape; it is the one around that.');
  }
  const kept = fitAttributes(attributes, capability.attributes, tell);
  return {
    className,
    box,
    ...(isCrowd && { isCrowd }),
    ...shape,
    ...(rotatedBox && capability.rotatedBoxes && { rotatedBox }),
    ...(keypoints && capability.keypoints && { keypoints }),
    ...(trackId !== undefined && capability.tracks && { trackId }),
    ...(kept && { attributes: kept }),
  };
}

interface Shape {
  polygons?: readonly Polygon[] | undefined;
  holes?: readonly Polygon[] | undefined;
  mask?: CocoRle | undefined;
}

function fitShape(
  shape: Shape,
  { width, height }: { readonly width: number; readonly height: number },
  capability: Capability,
  tell: Tell,
): { polygons?: readonly Polygon[]; holes?: readonly Polygon[]; mask?: CocoRle } {
  let { polygons, holes, mask } = shape;
  if (polygons && polygons.length > 0 && holes && holes.length > 0 && !capability.holes && capability.masks) {
    const cut = cutHoles(polygons, holes, width, height);
    if (cut) {
      tell('holes_as_mask', 'The format says no holes in outlines; the object was written as a mask.');
      [polygons, holes, mask] = [undefined, undefined, cut];
    }
  }
  if (mask && !capability.masks && capability.polygons) {
    const outline = tryMask(mask);
    if (outline) {
      tell('mask_outlined', 'The format says no masks; the outline of its pixels was written.');
      [polygons, holes, mask] = [outline.polygons, outline.holes, undefined];
    }
  }
  if (mask && !capability.masks) {
    tell('mask_dropped', 'The format says no masks; the box stays.');
    mask = undefined;
  }
  if (polygons && polygons.length > 0 && !capability.polygons) {
    tell('polygons_dropped', 'The format says no outlines; the box stays.');
    [polygons, holes] = [undefined, undefined];
  }
  if (holes && holes.length > 0 && !capability.holes) {
    tell('holes_dropped', 'The format says no holes in outlines; they are filled.', holes.length);
    holes = undefined;
  }
  if (polygons && polygons.length > 1 && capability.polygons === 'one') {
    tell('parts_joined', 'The format says one outline of an object; its parts were joined by lines without width.');
    polygons = [joinParts(polygons)];
  }
  return {
    ...(polygons && polygons.length > 0 && { polygons }),
    ...(holes && holes.length > 0 && { holes }),
    ...(mask && { mask }),
  };
}

function cutHoles(
  polygons: readonly Polygon[],
  holes: readonly Polygon[],
  width: number,
  height: number,
): CocoRle | undefined {
  try {
    const whole = polygonsToMask(polygons, width, height);
    const [pixels, cut] = [decodeMask(whole), decodeMask(polygonsToMask(holes, width, height))];
    for (let at = 0; at < pixels.length; at++) if (cut[at] === 1) pixels[at] = 0;
    return maskToCoco(encodeMask(pixels, width, height));
  } catch (error) {
    if (error instanceof FoveaError) return undefined;
    throw error;
  }
}

function tryMask(mask: CocoRle): { polygons: Polygon[]; holes: Polygon[] } | undefined {
  try {
    return tryOutlineMask(maskFromCoco(mask));
  } catch (error) {
    if (error instanceof FoveaError) return undefined;
    throw error;
  }
}

function fitAttributes(
  attributes: Record<string, unknown> | undefined,
  kept: Capability['attributes'],
  tell: Tell,
): Record<string, unknown> | undefined {
  if (attributes === undefined) return undefined;
  const entries = Object.entries(attributes);
  if (entries.length === 0) return undefined;
  if (kept === 'all') return attributes;
  const fitted: [string, string][] = [];
  let converted = 0;
  for (const [key, value] of entries) {
    const isFlat = ['string', 'number', 'boolean'].includes(typeof value);
    if (kept === false || !isFlat || (kept !== 'text' && !kept.includes(key))) continue;
    if (typeof value !== 'string') converted++;
    fitted.push([key, typeof value === 'boolean' ? (value ? '1' : '0') : String(value)]);
  }
  tell('attributes_dropped', 'The format cannot say all attributes of an object.', entries.length - fitted.length);
  tell('attributes_as_text', 'The format says attributes as text only.', converted);
  return fitted.length > 0 ? Object.fromEntries(fitted) : undefined;
}
