import { area, classColor, clipBox, type Detection, intersection, type Xyxy } from '@fovea/annotations';
import { type ImageInput, openImage, type ReadOptions } from './input.js';
import { CAPITAL_HEIGHT, hasGlyphs, measureText, strokeText } from './label-font.js';

/** How {@link drawDetections} draws. */
export interface DrawOptions extends ReadOptions {
  /** JPEG quality, 1 to 100; default 90. */
  readonly quality?: number;
  /** Class and confidence beside each box; default true. */
  readonly labels?: boolean;
  /** The picture is made smaller, boxes with it, if its longer side exceeds this; default 4096 pixels. */
  readonly maxSide?: number;
}

/**
 * The picture, upright, with boxes and labels drawn in their class's colour, as JPEG. Surer detections lie on top.
 * Labels keep clear of each other where there is room. Names in ASCII are drawn in Fovea's own strokes, others in the
 * system's font.
 *
 * @param detections boxes in pixels of the upright picture; parts outside it, and boxes that are not finite, are not drawn
 * @throws FoveaError `unreadable_image`
 */
export async function drawDetections(
  input: ImageInput,
  detections: readonly Detection[],
  options: DrawOptions = {},
): Promise<Uint8Array> {
  const opened = await openImage(input, options);
  const scale = Math.min(1, (options.maxSide ?? 4096) / Math.max(opened.width, opened.height));
  const width = Math.max(1, Math.round(opened.width * scale));
  const height = Math.max(1, Math.round(opened.height * scale));
  const overlay = overlaySvg(detections, width, height, scale, options.labels ?? true);
  try {
    return await opened
      .pipeline()
      .flatten({ background: '#ffffff' })
      .resize(width, height, { fit: 'fill' })
      .toColourspace('srgb')
      .composite([{ input: Buffer.from(overlay) }])
      .jpeg({ quality: options.quality ?? 90, chromaSubsampling: '4:4:4' })
      .toBuffer();
  } catch (cause) {
    throw opened.broken(cause);
  }
}

function overlaySvg(
  detections: readonly Detection[],
  width: number,
  height: number,
  scale: number,
  withLabels: boolean,
): string {
  const size = Math.max(width, height);
  const stroke = Math.min(8, Math.max(2, Math.round(size / 380)));
  const unit = Math.min(3.4, Math.max(1, size / 900)); // Capitals of 8 to 27 pixels.
  const ranked = detections
    .filter(({ box }) => box.every(Number.isFinite))
    .toSorted((a, b) => b.confidence - a.confidence)
    .map((detection) => {
      const [xmin, ymin, xmax, ymax] = detection.box.map((value) => value * scale);
      return { ...detection, box: clipBox([xmin!, ymin!, xmax!, ymax!], width, height) };
    });

  const taken: Xyxy[] = [];
  const labels = ranked.map(({ box, className, classIndex, confidence }) => {
    if (!withLabels) return '';
    const text = `${cleanName(className)} ${confidence.toFixed(2)}`;
    const place = placeLabel(box, text, unit, stroke, width, height, taken);
    taken.push(place);
    return labelSvg(text, place, unit, classColor(classIndex));
  });
  const frames = ranked.map(({ box, classIndex }) => frameSvg(box, classColor(classIndex), stroke));
  const shapes = [...frames.reverse(), ...labels.reverse()].join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${shapes}</svg>`;
}

/** A dark rim keeps the coloured line legible on a ground of its own colour. */
function frameSvg([xmin, ymin, xmax, ymax]: Xyxy, color: string, stroke: number): string {
  const rect = (width: number, paint: string) =>
    `<rect x="${xmin.toFixed(2)}" y="${ymin.toFixed(2)}" width="${(xmax - xmin).toFixed(2)}" ` +
    `height="${(ymax - ymin).toFixed(2)}" rx="${stroke}" fill="none" stroke-width="${width}" ${paint}/>`;
  return rect(stroke + 1.6, 'stroke="#000000" stroke-opacity="0.45"') + rect(stroke, `stroke="${color}"`);
}

/** Above the box if there is room, else inside, below, or at its right end: the first that covers no other label. */
function placeLabel(
  [xmin, ymin, xmax, ymax]: Xyxy,
  text: string,
  unit: number,
  stroke: number,
  width: number,
  height: number,
  taken: readonly Xyxy[],
): Xyxy {
  const labelWidth = (measureText(text) + 6) * unit;
  const labelHeight = (CAPITAL_HEIGHT + 6) * unit;
  const rim = stroke / 2;
  const at = (x: number, y: number): Xyxy => {
    const left = Math.max(0, Math.min(x, width - labelWidth));
    const top = Math.max(0, Math.min(y, height - labelHeight));
    return [left, top, left + labelWidth, top + labelHeight];
  };
  const choices = [
    at(xmin - rim, ymin - rim - labelHeight),
    at(xmin + rim, ymin + rim),
    at(xmin - rim, ymax + rim),
    at(xmax + rim - labelWidth, ymin - rim - labelHeight),
    at(xmax + rim, ymin),
    at(xmax + rim - labelWidth, ymax + rim),
  ];
  const covered = (place: Xyxy) => taken.reduce((sum, other) => sum + area(intersection(place, other)), 0);
  return choices.find((place) => covered(place) === 0) ?? choices.toSorted((a, b) => covered(a) - covered(b))[0]!;
}

function labelSvg(text: string, [left, top, right, bottom]: Xyxy, unit: number, color: string): string {
  const ink = isBright(color) ? '#101114' : '#ffffff';
  const tag =
    `<rect x="${left.toFixed(2)}" y="${top.toFixed(2)}" width="${(right - left).toFixed(2)}" ` +
    `height="${(bottom - top).toFixed(2)}" rx="${2 * unit}" fill="${color}" fill-opacity="0.94"/>`;
  const [x, y] = [left + 3 * unit, top + 3 * unit];
  if (hasGlyphs(text)) return tag + strokeText(text, x, y, unit, ink);
  const baseline = y + CAPITAL_HEIGHT * unit;
  return (
    `${tag}<text x="${x.toFixed(2)}" y="${baseline.toFixed(2)}" font-family="sans-serif" font-size="${11 * unit}" ` +
    `textLength="${(right - left - 6 * unit).toFixed(2)}" lengthAdjust="spacingAndGlyphs" fill="${ink}">${escapeXml(text)}</text>`
  );
}

/** Relative luminance over .18 takes dark ink (WCAG 2.1: the better contrast of the two). */
function isBright(color: string): boolean {
  const [r, g, b] = [1, 3, 5].map((at) => (Number.parseInt(color.slice(at, at + 2), 16) / 255) ** 2.2);
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b! > 0.18;
}

function cleanName(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out, XML has no place for them
  const clean = [...name.replace(/[\u0000-\u001f\u007f\ud800-\udfff\ufffe\uffff]/gu, ' ')];
  return clean.length > 40 ? `${clean.slice(0, 37).join('')}...` : clean.join('');
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
