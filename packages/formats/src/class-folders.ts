import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { groupBy } from '@fovea/annotations';
import type { AnnotationFormat } from './annotation-format.js';
import { BOXES_ONLY } from './capability.js';
import type { ExportPicture } from './dataset.js';
import { DatasetBuilder } from './dataset-builder.js';
import type { ExportTarget } from './export-target.js';
import type { DatasetFolder } from './folder.js';
import { safePart } from './safe-name.js';

/** Folders that say what their pictures are for; of people's and vehicles' identities, `query` and `gallery` too. */
const SPLIT = /^(?:bounding_box_)?(train|training|val|valid|validation|test|testing|query|gallery)(?:[-_]?\d{4})?$/i;

/** Folders that are named for what kind of file lies in them, and so say nothing about what is on the pictures. */
const GENERIC =
  /^(?:(?:jpe?g|png)?images?|img|imgs|pictures?|photos?|frames?|data|raw|labels?|annotations?|masks?|segmentation\w*|jpe?g|png|webp|tiff?|gif|bmp|rgb|depth|left|right)$/i;

/**
 * A folder for each class, `<split>/<class>/<picture>` or `<class>/<picture>`: the folder's name is the class of the
 * picture as a whole. Below a class folder further folders may lie. Classes are ordered by name.
 */
export const classFolders: AnnotationFormat = {
  name: 'class-folders',
  looksLike: 'pictures in folders named like their classes, <split>/<class>/<picture> or <class>/<picture>',

  capability: { ...BOXES_ONLY, boxes: false, pictureClasses: 'many' },

  mayHold: hasClassFolders,

  async findLabels(folder) {
    if (folder.pictures.length === 0) return [];
    const layout = layoutOf(folder);
    const classes = new Set(layout.folders.map((path) => layout.classOf(`${path}/`)!));
    const areNamed = [...classes].every((name) => !GENERIC.test(name) && !SPLIT.test(name));
    if (classes.size < 2 || !areNamed) return [];
    // Folders without splits may be folders of anything: as classes they hold pictures, nothing else, and lie alike.
    const isStrict = layout.hasSplits || folder.pictures.every((name) => depthOf(name) === layout.depth + 1);
    return isStrict ? layout.folders : [];
  },

  async parse(folder) {
    const layout = layoutOf(folder);
    const builder = new DatasetBuilder(folder);
    const names = new Map<string, string>();
    for (const path of layout.foldersOfClasses) {
      const raw = layout.classOf(`${path}/`)!;
      const name = cleanName(raw);
      if (name !== raw.normalize('NFC')) {
        const what =
          name === '' ? 'no name of a class; its pictures stay unlabelled' : `called ${JSON.stringify(name)}`;
        builder.problem({ file: path }, 'class_renamed', `The class of the folder ${JSON.stringify(raw)} is ${what}.`);
      }
      if (name !== '') names.set(raw, name);
      if (!folder.pictures.some((picture) => picture.startsWith(`${path}/`))) {
        builder.problem({ file: path }, 'empty_class', 'There is no picture in the folder of this class.');
      }
    }
    for (const picture of folder.pictures) {
      builder.setSplit(picture, layout.splitOf(picture));
      const raw = layout.classOf(picture);
      const name = raw === undefined ? undefined : names.get(raw);
      if (name !== undefined) builder.addClass(picture, name);
      else if (raw !== undefined) builder.markUnknown(picture);
      else {
        const reason = 'The picture lies in no folder of a class; it stays unlabelled.';
        builder.skip(picture, { file: picture }, 'no_class', reason);
      }
    }
    await joinTwins(folder, builder);
    return builder.build('class-folders', [...new Set(names.values())].sort());
  },

  async write({ pictures }, target) {
    let hasSplits: boolean | undefined;
    const renamed = new Map<string, string>();
    for await (const picture of pictures) {
      hasSplits ??= picture.split !== undefined;
      const split = splitFolder(picture, hasSplits, target);
      const placed = new Set<string>();
      for (const className of picture.classNames!) {
        const folder = folderOf(className, renamed);
        if (folder !== className) {
          target.tell(
            picture,
            'class_renamed',
            `The folder of the class ${JSON.stringify(className)} is ${JSON.stringify(folder)}.`,
          );
        }
        if (!placed.has(folder)) await target.place(picture, posix.join(split, folder), { withSplit: false });
        placed.add(folder);
      }
    }
  },
};

/** Either all pictures lie in folders of splits or none: what the first has decides. */
function splitFolder(picture: ExportPicture, hasSplits: boolean, target: ExportTarget): string {
  const { split } = picture;
  if (hasSplits && split !== undefined && SPLIT.test(split)) return splitNamed(split)!;
  if (hasSplits) {
    target.tell(
      picture,
      'split_changed',
      'Other pictures have a split and this none that a folder says: it is in "train".',
    );
    return 'train';
  }
  if (split !== undefined) {
    target.tell(picture, 'split_dropped', `The first pictures have no split, so that no folder says "${split}".`);
  }
  return '';
}

/** The folder of a class: its name made safe, each its own, also where capitals and small letters are the same. */
function folderOf(className: string, taken: Map<string, string>): string {
  const known = taken.get(className);
  if (known !== undefined) return known;
  const others = new Set([...taken.values()].map((folder) => folder.toLowerCase()));
  let folder = safePart(cleanName(className));
  while (others.has(folder.toLowerCase())) folder += '_';
  taken.set(className, folder);
  return folder;
}

/** Whether any picture lies in a folder that may be a class's. */
export function hasClassFolders(folder: DatasetFolder): boolean {
  return layoutOf(folder).folders.length > 0;
}

/**
 * Whether the folders taken for classes lie below folders of splits, which hardly happens by accident, unless all are in
 * one named for pictures, as beside a file of labels.
 */
export function hasClassesInSplits(folder: DatasetFolder): boolean {
  const { hasSplits, wrapper } = layoutOf(folder);
  return hasSplits && !wrapper.some((part) => GENERIC.test(part));
}

interface Layout {
  /** Folders that all pictures lie in. */
  readonly wrapper: readonly string[];
  readonly hasSplits: boolean;
  /** How many folders lie above a class folder. */
  readonly depth: number;
  /** Class folders with pictures somewhere below. */
  readonly folders: string[];
  /** Class folders, also those without pictures. */
  readonly foldersOfClasses: string[];
  classOf(picture: string): string | undefined;
  splitOf(picture: string): string | undefined;
}

/** Finds the level at which folders are classes: below folders that all pictures share, and below those of splits. */
function layoutOf({ pictures, folders }: DatasetFolder): Layout {
  let depth = 0;
  const namesAt = (level: number) => new Set(pictures.flatMap((name) => folderAt(name, level) ?? []));
  const isDeeper = (level: number) => pictures.every((name) => depthOf(name) > level + 1);
  for (let names = namesAt(0); names.size === 1 && !SPLIT.test([...names][0]!) && isDeeper(depth); ) {
    depth++;
    names = namesAt(depth);
  }
  const top = namesAt(depth);
  // One folder named like a split among others is a class: buses, cars and trains.
  const hasSplits = top.size > 0 && [...top].every((name) => SPLIT.test(name));
  const classDepth = hasSplits ? depth + 1 : depth;
  const wrapper = (pictures[0] ?? '').split('/').slice(0, depth);
  const isInside = (path: string) => wrapper.every((part, level) => path.split('/')[level] === part);
  const withPictures = new Set(
    pictures.filter((name) => depthOf(name) > classDepth).map((name) => name.split('/', classDepth + 1).join('/')),
  );
  return {
    wrapper,
    hasSplits,
    depth: classDepth,
    folders: [...withPictures].sort(),
    foldersOfClasses: folders.filter((path) => path.split('/').length === classDepth + 1 && isInside(path)),
    classOf: (name) => folderAt(name, classDepth),
    splitOf: (name) => (hasSplits ? splitNamed(folderAt(name, depth)) : undefined),
  };
}

/** How many folders a picture lies in. */
function depthOf(name: string): number {
  return name.split('/').length - 1;
}

function folderAt(name: string, level: number): string | undefined {
  return depthOf(name) > level ? name.split('/')[level] : undefined;
}

function splitNamed(folder: string | undefined): string | undefined {
  const name = folder === undefined ? undefined : SPLIT.exec(folder)?.[1]?.toLowerCase();
  if (name === undefined) return undefined;
  if (name.startsWith('train')) return 'train';
  return name.startsWith('val') ? 'val' : 'test';
}

/** A folder's name as a class's: composed characters, none that break lines or steer a terminal, no blanks around. */
function cleanName(folder: string): string {
  return folder
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
}

/** The same picture in folders of two classes is of both. Only files of equal length are compared. */
async function joinTwins(folder: DatasetFolder, builder: DatasetBuilder): Promise<void> {
  const sized = await Promise.all(
    folder.pictures.map(async (name) => ({
      name,
      size: (await lstat(join(folder.root, name)).catch(() => null))?.size,
    })),
  );
  for (const [size, group] of groupBy(sized, (each) => each.size)) {
    if (!size || group.length < 2) continue;
    const hashed: { name: string; hash: string | undefined }[] = [];
    for (const { name } of group) hashed.push({ name, hash: await hashOf(join(folder.root, name)) });
    for (const [hash, twins] of groupBy(hashed, (each) => each.hash)) {
      if (hash !== undefined) joinClasses(builder, twins);
    }
  }
}

function joinClasses(builder: DatasetBuilder, twins: readonly { readonly name: string }[]): void {
  const classes = [...new Set(twins.flatMap(({ name }) => builder.classesOf(name)))];
  if (classes.length < 2) return;
  twins.forEach(({ name }, index) => {
    for (const each of classes) builder.addClass(name, each);
    if (index === 0) return;
    const reason = `The same picture is ${twins[0]!.name}: it is of the classes ${classes.join(' and ')}.`;
    builder.problem({ file: name }, 'several_classes', reason);
  });
}

async function hashOf(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch {
    return undefined; // Reported when the picture itself is read.
  }
  return hash.digest('hex');
}
