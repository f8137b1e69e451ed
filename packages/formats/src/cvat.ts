import { posix } from 'node:path';
import type { AnnotationFormat } from './annotation-format.js';
import { BOXES_ONLY } from './capability.js';
import { isDrawn, readCvatShape } from './cvat-shape.js';
import { cvatImage, cvatLabel } from './cvat-xml.js';
import type { Place } from './dataset.js';
import { DatasetBuilder } from './dataset-builder.js';
import type { DatasetFolder } from './folder.js';
import { ShapeGroups } from './shape-groups.js';
import { isFault, parseXml, textOf, type XmlElement } from './xml.js';

/**
 * CVAT's XML 1.1, of images and of video. Boxes (with their rotation), polygons, masks, points and skeletons are read;
 * those of one label and group are parts of one object. Ellipses become polygons, which is told; polylines and cuboids
 * are left out and told. Tags are classes of the picture as a whole. Tracks say objects of frames: what is outside is
 * none; a frame is the picture whose name ends in its number. A picture the file does not name is unlabelled.
 */
export const cvat: AnnotationFormat = {
  name: 'cvat',
  looksLike: 'an XML file with <annotations>, and in it <image> or <track>',
  capability: {
    ...BOXES_ONLY,
    boxes: { precision: 1e-3 },
    polygons: 'many',
    masks: true,
    rotatedBoxes: true,
    keypoints: true,
    attributes: 'text',
    pictureClasses: 'many',
    unlabelled: true,
  },

  async findLabels(folder) {
    const labels: string[] = [];
    const files = folder.files.filter((file) => /\.xml$/i.test(file));
    for (const [index, name] of files.entries()) {
      // One file says much: where many say nothing, they are a file a picture, of another format.
      if (index >= SAMPLES && labels.length === 0) return [];
      if (/<annotations[\s>]/.test(await folder.readHead(name, 2048))) labels.push(name);
    }
    return labels;
  },

  mayHold: (folder) => folder.files.some((name) => /\.xml$/i.test(name)),

  async parse(folder, labels) {
    const builder = new DatasetBuilder(folder);
    const files = labels.length > 0 ? labels : folder.files.filter((name) => /\.xml$/i.test(name));
    const reader = new CvatReader(folder, builder);
    for (const file of files) await reader.read(file);
    return reader.build();
  },

  async write({ classNames, skeletons = {}, pictures }, target) {
    const text = await target.open('annotations.xml');
    const labels = classNames.map((name) => cvatLabel(name, skeletons[name]));
    await text.write(
      `<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n<meta><task><labels>\n${labels.join('')}</labels></task></meta>\n`,
    );
    let id = 0;
    for await (const picture of pictures) {
      const name = await target.place(picture, 'images');
      if (picture.labelled) await text.write(cvatImage(picture, name, id++, skeletons));
    }
    await text.write('</annotations>\n');
  },
};

/** How many files are looked at to tell the format. */
const SAMPLES = 50;

class CvatReader {
  private readonly classNames: string[] = [];
  private readonly named = new Set<string>();
  private frames: Map<number, string | undefined> | undefined;

  constructor(
    private readonly folder: DatasetFolder,
    private readonly builder: DatasetBuilder,
  ) {}

  build() {
    for (const picture of this.folder.pictures) if (!this.named.has(picture)) this.builder.markUnknown(picture);
    return this.builder.build('cvat', this.classNames);
  }

  async read(file: string): Promise<void> {
    const text = await this.folder.readText(file);
    if (typeof text !== 'string') {
      this.builder.problems.push(text);
      return;
    }
    const tracks = new Map<string, ShapeGroups>();
    const result = parseXml(text, (element, parents) => {
      const parent = parents.at(-1);
      if (element.name === 'label' && parent === 'labels') this.readLabel(element, file);
      else if (element.name === 'image' && parent === 'annotations') this.readImage(element, file);
      else if (element.name === 'track' && parent === 'annotations') this.readTrack(element, file, tracks);
      else return false;
      // Labels stay in the tree no longer than the others: what is needed of them is kept.
      return true;
    });
    for (const [picture, groups] of tracks) this.addAll(picture, groups);
    if (isFault(result)) {
      const reason = `The file is not XML: ${result.reason}; what follows was not read.`;
      this.builder.problem({ file, line: result.line }, 'broken_file', reason);
    } else if (result.name !== 'annotations') {
      this.builder.problem({ file, line: result.line }, 'missing_field', 'The file has no <annotations>; not read.');
    }
  }

  private readLabel(label: XmlElement, file: string): void {
    const name = textOf(label, 'name');
    const parent = textOf(label, 'parent');
    if (name === undefined || parent !== undefined) return;
    if (!this.classNames.includes(name)) this.classNames.push(name);
    const svg = textOf(label, 'svg');
    if (svg === undefined) return;
    const nodes = [...svg.matchAll(/<circle\b[^>]*>/g)].flatMap(([circle]) => {
      const [id, node] = [/data-node-id="(\d+)"/.exec(circle)?.[1], /data-label-name="([^"]*)"/.exec(circle)?.[1]];
      return id === undefined || node === undefined ? [] : [{ id: Number(id), name: decodeEntities(node) }];
    });
    nodes.sort((a, b) => a.id - b.id);
    const indexOf = new Map(nodes.map(({ id }, index) => [id, index]));
    const edges = [...svg.matchAll(/<line\b[^>]*>/g)].flatMap(([line]) => {
      const [start, end] = [/data-node-from="(\d+)"/, /data-node-to="(\d+)"/].map((node) =>
        indexOf.get(Number(node.exec(line)?.[1])),
      );
      return start === undefined || end === undefined ? [] : [[start, end] as const];
    });
    if (nodes.length > 0)
      this.builder.setSkeleton(name, { names: nodes.map((node) => node.name), edges }, { file, line: label.line });
  }

  private readImage(image: XmlElement, file: string): void {
    const place = { file, line: image.line };
    const name = image.attributes.get('name');
    if (!name) {
      this.builder.problem(place, 'missing_field', 'An <image> has no name; skipped.');
      return;
    }
    const picture = this.builder.resolve(name, posix.dirname(file), place);
    if (picture === undefined) return;
    this.named.add(picture);
    const size = sizeOf(image.attributes);
    if (size) this.builder.setSize(picture, size);
    const groups = new ShapeGroups();
    for (const element of image.children) {
      const line = { file, line: element.line };
      if (element.name === 'tag') this.addTag(picture, element, line);
      else if (isDrawn(element.name))
        this.addShape(picture, element, element.attributes.get('label'), line, size, groups);
    }
    this.addAll(picture, groups);
  }

  private addTag(picture: string, tag: XmlElement, place: Place): void {
    const label = tag.attributes.get('label')?.trim();
    if (label) {
      this.note(label);
      this.builder.addClass(picture, label);
    } else this.builder.skip(picture, place, 'unknown_class', 'A <tag> has no label; skipped.');
  }

  private readTrack(track: XmlElement, file: string, tracks: Map<string, ShapeGroups>): void {
    const { attributes } = track;
    const place = { file, line: track.line };
    const trackId = attributes.get('id');
    for (const element of track.children.filter(({ name }) => isDrawn(name))) {
      if (element.attributes.get('outside') === '1') continue;
      const frame = element.attributes.get('frame');
      const picture = this.pictureOfFrame(frame, { file, line: element.line });
      if (picture === undefined) continue;
      this.named.add(picture);
      const groups = tracks.get(picture) ?? new ShapeGroups();
      tracks.set(picture, groups);
      this.addShape(
        picture,
        element,
        attributes.get('label'),
        { file, line: element.line },
        undefined,
        groups,
        trackId,
      );
    }
    if (track.children.length === 0) this.builder.problem(place, 'missing_field', 'A <track> has no shapes; skipped.');
  }

  private pictureOfFrame(frame: string | undefined, place: Place): string | undefined {
    this.frames ??= framesOf(this.folder.pictures);
    const number = Number(frame);
    if (frame === undefined || !/^\d+$/.test(frame)) {
      this.builder.problem(place, 'missing_field', 'A shape of a track has no number of a frame; skipped.');
    } else if (!this.frames.has(number)) {
      this.builder.problem(place, 'missing_picture', `No picture's name ends in the frame's number ${frame}; skipped.`);
    } else if (this.frames.get(number) === undefined) {
      this.builder.problem(
        place,
        'ambiguous_picture',
        `The names of several pictures end in the frame's number ${frame}; skipped.`,
      );
    } else return this.frames.get(number);
    return undefined;
  }

  private addShape(
    picture: string,
    element: XmlElement,
    label: string | undefined,
    place: Place,
    size: { width: number; height: number } | undefined,
    groups: ShapeGroups,
    trackId?: string,
  ): void {
    const className = label?.trim();
    if (!className) {
      this.builder.skip(picture, place, 'unknown_class', `A <${element.name}> has no label; skipped.`);
      return;
    }
    const shape = readCvatShape(element, size, (points) => this.orderPoints(className, points, place));
    if ('code' in shape) {
      this.builder.skip(picture, place, shape.code, `A <${element.name}> of ${className}: ${shape.reason}; skipped.`);
      return;
    }
    this.note(className);
    if (shape.converted) {
      this.builder.problem(place, 'shape_converted', `An <${element.name}> of ${className} became a polygon.`);
    }
    const part = { className, ...shape.part, ...(trackId !== undefined && { trackId }) };
    groups.add(element.attributes.get('group_id'), part, element.name === 'box', place);
  }

  /** Points of a skeleton in the order of its class's; the first skeleton seen says it where nothing else does. */
  private orderPoints(className: string, names: readonly string[], place: Place): readonly string[] {
    const known = this.builder.skeletonOf(className);
    if (known) return known.names;
    this.builder.setSkeleton(className, { names, edges: [] }, place);
    return names;
  }

  private note(className: string): void {
    if (!this.classNames.includes(className)) this.classNames.push(className);
  }

  private addAll(picture: string, groups: ShapeGroups): void {
    for (const { annotation, place } of groups.objects()) this.builder.addBox(picture, annotation, place);
  }
}

/** Pictures by the number their name ends in; undefined where several have the same. */
function framesOf(pictures: readonly string[]): Map<number, string | undefined> {
  const frames = new Map<number, string | undefined>();
  for (const picture of pictures) {
    const number = /(\d+)$/.exec(posix.parse(picture).name)?.[1];
    if (number !== undefined) frames.set(Number(number), frames.has(Number(number)) ? undefined : picture);
  }
  return frames;
}

function sizeOf(attributes: ReadonlyMap<string, string>): { width: number; height: number } | undefined {
  const [width, height] = ['width', 'height'].map((side) => Number(attributes.get(side)));
  const isSide = (side: number) => Number.isSafeInteger(side) && side > 0;
  return isSide(width!) && isSide(height!) ? { width: width!, height: height! } : undefined;
}

function decodeEntities(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
