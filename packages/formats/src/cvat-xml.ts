import { type BoxAnnotation, decodeMask, maskBox, maskFromCoco, polygonBox, type Skeleton } from '@fovea/annotations';
import type { ExportPicture } from './dataset.js';
import { formatNumber } from './number.js';
import { isSameBox } from './shape-groups.js';
import { escapeXml } from './xml.js';

const number = (value: number) => formatNumber(value, 6);

/** A label of the file's head; of a class with key points with its skeleton as CVAT draws it. */
export function cvatLabel(name: string, skeleton: Skeleton | undefined): string {
  const head = `<label><name>${escapeXml(name)}</name>`;
  if (!skeleton) return `${head}<type>any</type><attributes></attributes></label>\n`;
  const lines = skeleton.edges.map(
    ([from, to]) => `<line data-type="edge" data-node-from="${from + 1}" data-node-to="${to + 1}"></line>`,
  );
  const circles = skeleton.names.map(
    (point, at) =>
      `<circle r="1.5" cx="${10 + ((at * 13) % 80)}" cy="${10 + ((at * 29) % 80)}" data-type="element node" data-element-id="${at + 1}" data-node-id="${at + 1}" data-label-name="${escapeXml(point)}"></circle>`,
  );
  const points = skeleton.names.map(
    (point) =>
      `<label><name>${escapeXml(point)}</name><type>points</type><attributes></attributes><parent>${escapeXml(name)}</parent></label>\n`,
  );
  const svg = escapeXml([...lines, ...circles].join(''));
  return `${head}<type>skeleton</type><attributes></attributes><svg>${svg}</svg></label>\n${points.join('')}`;
}

/** A picture with its tags and shapes. */
export function cvatImage(
  picture: ExportPicture,
  name: string,
  id: number,
  skeletons: Readonly<Record<string, Skeleton>>,
): string {
  const { width, height, split, annotations, classNames = [] } = picture;
  const subset = split === undefined ? '' : ` subset="${escapeXml(split)}"`;
  const tags = classNames.map((each) => ` <tag label="${escapeXml(each)}" source="manual"></tag>\n`);
  const shapes = annotations.flatMap((annotation, index) =>
    shapesOf(annotation, index + 1, skeletons[annotation.className]),
  );
  return `<image id="${id}" name="${escapeXml(name)}"${subset} width="${width}" height="${height}">\n${[...tags, ...shapes].join('')}</image>\n`;
}

interface Shape {
  readonly element: string;
  readonly attributes: string;
  readonly inner?: string;
}

/** The shapes of an object; its box as one of their group where it is not the one around them. */
function shapesOf(annotation: BoxAnnotation, group: number, skeleton: Skeleton | undefined): string[] {
  const { className, box, polygons = [], mask, keypoints, rotatedBox, attributes = {} } = annotation;
  const shapes: Shape[] = polygons.map((polygon) => ({
    element: 'polygon',
    attributes: ` points="${pointsOf(polygon)}"`,
  }));
  if (mask) shapes.push(maskShape(mask));
  if (keypoints) shapes.push(skeletonShape(keypoints, skeleton));
  const labelled = (keypoints ?? []).filter((_, at) => keypoints![at - (at % 3) + 2]! > 0 && at % 3 !== 2);
  const around = [...polygons, labelled].filter((part) => part.length > 0);
  const inside = mask ? maskBox(maskFromCoco(mask)) : polygonBox(...around);
  if (rotatedBox) {
    const {
      center: [x, y],
      width,
      height,
      angle,
    } = rotatedBox;
    const degrees = ((angle * 180) / Math.PI + 360) % 360;
    const corners = [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
    shapes.unshift({ element: 'box', attributes: `${cornersOf(corners)} rotation="${formatNumber(degrees, 9)}"` });
  } else if (shapes.length === 0 || (mask && keypoints) || !isSameBox(inside, box, 1e-3)) {
    shapes.unshift({ element: 'box', attributes: cornersOf(box) });
  }
  const { occluded, ...others } = attributes;
  const isOccluded = occluded === '1';
  const said = Object.entries(isOccluded ? others : attributes)
    .map(([key, value]) => `<attribute name="${escapeXml(key)}">${escapeXml(String(value))}</attribute>`)
    .join('');
  const grouped = shapes.length > 1 ? ` group_id="${group}"` : '';
  return shapes.map(({ element, attributes: own, inner = '' }, at) => {
    const hidden = element === 'skeleton' ? '' : ` occluded="${isOccluded ? 1 : 0}"`;
    const begin = ` <${element} label="${escapeXml(className)}" source="manual"${hidden}${own} z_order="0"${grouped}>`;
    return `${begin}${inner}${at === 0 ? said : ''}</${element}>\n`;
  });
}

function cornersOf([xtl, ytl, xbr, ybr]: readonly number[]): string {
  return ` xtl="${number(xtl!)}" ytl="${number(ytl!)}" xbr="${number(xbr!)}" ybr="${number(ybr!)}"`;
}

function pointsOf(polygon: readonly number[]): string {
  return Array.from(
    { length: polygon.length / 2 },
    (_, at) => `${number(polygon[at * 2]!)},${number(polygon[at * 2 + 1]!)}`,
  ).join(';');
}

function skeletonShape(keypoints: readonly number[], skeleton: Skeleton | undefined): Shape {
  const points = Array.from({ length: keypoints.length / 3 }, (_, at) => {
    const [x, y, v] = keypoints.slice(at * 3, at * 3 + 3) as [number, number, number];
    const name = escapeXml(skeleton?.names[at] ?? String(at + 1));
    return `<points label="${name}" source="manual" outside="${v === 0 ? 1 : 0}" occluded="${v === 1 ? 1 : 0}" points="${number(x)},${number(y)}"></points>`;
  });
  return { element: 'skeleton', attributes: '', inner: points.join('') };
}

/** Runs row by row in the rectangle around the mask. */
function maskShape(rle: NonNullable<BoxAnnotation['mask']>): Shape {
  const mask = maskFromCoco(rle);
  const pixels = decodeMask(mask);
  const [xmin, ymin, xmax, ymax] = maskBox(mask);
  const runs: number[] = [];
  let [run, isInside] = [0, 0];
  for (let y = ymin; y < ymax; y++) {
    for (let x = xmin; x < xmax; x++) {
      if (pixels[y * mask.width + x] !== isInside) {
        runs.push(run);
        run = 0;
        isInside = 1 - isInside;
      }
      run++;
    }
  }
  runs.push(run);
  const place = ` left="${xmin}" top="${ymin}" width="${xmax - xmin}" height="${ymax - ymin}"`;
  return { element: 'mask', attributes: ` rle="${runs.join(', ')}"${place}` };
}
