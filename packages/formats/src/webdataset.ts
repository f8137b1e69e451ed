import { join, posix } from 'node:path';
import { FoveaError } from '@fovea/annotations';
import type { AnnotationFormat } from './annotation-format.js';
import { EVERYTHING } from './capability.js';
import type { ExportPicture, ParseOptions } from './dataset.js';
import { DatasetBuilder } from './dataset-builder.js';
import type { ExportTarget, FileDraft } from './export-target.js';
import { ARCHIVE, type DatasetFolder, PICTURE, withExtension } from './folder.js';
import { parseJson } from './json-file.js';
import { headerOf, readHeader } from './jsonl.js';
import { addRecord, recordOf } from './picture-record.js';
import { withPictureEnding } from './safe-name.js';
import { loadMember, readTar, type TarMember, tarBlocks, tarEnd } from './tar.js';

const HEADER = 'dataset.json';
const LABEL_MAP = 'seg.png';
/** A shard is closed when it has so many pictures or bytes. */
const SHARD_PICTURES = 10_000;
const SHARD_BYTES = 512 * 2 ** 20;
const MAX_TEXT_BYTES = 64 * 2 ** 20;
/** How many files of an archive are looked at for a picture. */
const SAMPLES = 16;

/**
 * WebDataset: tar archives in which files of one key (the name up to its first dot) belong together: `key.jpg`, `key.cls`
 * (the number of its class, or its name), `key.json` (a picture as `picture-record.ts` says it), `key.seg.png` (a class
 * for each pixel). `dataset.json` beside them names the classes and key points. Pictures are read out of the archives when
 * they are wanted. An archive's name gives the split.
 */
export const webdataset: AnnotationFormat = {
  name: 'webdataset',
  looksLike: 'tar archives of pictures with .json or .cls files of the same names',
  capability: EVERYTHING,
  takesClassNames: true,

  async findLabels(folder) {
    // Beside loose pictures an archive is a copy of something, unless it was named.
    if (folder.pictures.length > 0 && folder.named === undefined) return [];
    const labels: string[] = [];
    for (const name of folder.files.filter((file) => ARCHIVE.test(file))) {
      for await (const member of readTar(join(folder.root, name), SAMPLES)) {
        if (!('name' in member) || !PICTURE.test(member.name)) continue;
        labels.push(name);
        break;
      }
    }
    return labels;
  },

  mayHold: (folder) => folder.files.some((name) => ARCHIVE.test(name)),

  async parse(folder, labels, options = {}) {
    const shards = labels.length > 0 ? labels : folder.files.filter((name) => ARCHIVE.test(name));
    const samples = await readSamples(folder, shards);
    const builder = new DatasetBuilder(folder, [...samples.named.keys()]);
    builder.problems.push(...samples.problems);
    return new SampleReader(folder, builder, options).read(samples.named, shards);
  },

  async write({ classNames, skeletons, pictures }, target) {
    await target.write(HEADER, `${JSON.stringify(headerOf(classNames, skeletons), null, 1)}\n`);
    const shards = new Map<string, Shard>();
    for await (const picture of pictures) {
      const split = (picture.split ?? 'all').replace(/[^\w-]/g, '_');
      const shard = shards.get(split) ?? new Shard(split, target);
      shards.set(split, shard);
      await writeSample(shard, picture, classNames, target);
    }
    for (const shard of shards.values()) await shard.close();
  },
};

class Shard {
  private number = 0;
  private pictures = 0;
  private bytes = 0;
  private file: FileDraft | undefined;

  constructor(
    private readonly split: string,
    private readonly target: ExportTarget,
  ) {}

  /** Begins another archive where this one is full: the files of a picture stay together. */
  async begin(): Promise<void> {
    if (this.file && this.pictures < SHARD_PICTURES && this.bytes < SHARD_BYTES) {
      this.pictures++;
      return;
    }
    await this.close();
    this.file = await this.target.open(`${this.split}-${String(this.number++).padStart(6, '0')}.tar`);
    [this.pictures, this.bytes] = [1, 0];
  }

  async add(name: string, content: Uint8Array): Promise<void> {
    for (const block of tarBlocks(name, content)) {
      this.bytes += block.length;
      await this.file!.write(block);
    }
  }

  async close(): Promise<void> {
    await this.file?.write(tarEnd());
    this.file = undefined;
  }
}

async function writeSample(
  shard: Shard,
  picture: ExportPicture,
  classNames: readonly string[],
  target: ExportTarget,
): Promise<void> {
  // A key ends at the first dot of a file's name.
  const { dir, base } = posix.parse(picture.name);
  const ending = withPictureEnding(base, picture.format) === base ? posix.extname(base) : '';
  const stem = base.slice(0, base.length - ending.length);
  const dotless = stem.includes('.') ? posix.join(dir, stem.replaceAll('.', '_') + ending) : picture.name;
  const name = target.nameFor({ ...picture, name: dotless }, '', { withSplit: false });
  if (dotless !== picture.name) target.tell(picture, 'name_changed', `The picture is called ${JSON.stringify(name)}.`);
  const key = withExtension(name, '');
  await shard.begin();
  const bytes = await target.loadPicture(picture);
  if (bytes) await shard.add(name, bytes);
  const labelMap = picture.labelMap && `${key}.${LABEL_MAP}`;
  await shard.add(`${key}.json`, Buffer.from(JSON.stringify(recordOf(picture, name, labelMap))));
  const [className] = picture.classNames ?? [];
  if (className !== undefined) await shard.add(`${key}.cls`, Buffer.from(String(classNames.indexOf(className))));
  if (labelMap !== undefined) await shard.add(labelMap, await picture.labelMap!.load());
}

/** Files of one key, by what follows its first dot. */
interface Sample {
  readonly shard: string;
  readonly parts: Map<string, TarMember>;
}

async function readSamples(folder: DatasetFolder, shards: readonly string[]) {
  const problems: { file: string; code: string; reason: string }[] = [];
  const named = new Map<string, Sample>();
  for (const shard of shards) {
    const samples = new Map<string, Sample>();
    for await (const member of readTar(join(folder.root, shard))) {
      if (!('name' in member)) {
        problems.push({ file: shard, code: member.code, reason: member.reason });
        continue;
      }
      const base = posix.basename(member.name);
      const dot = base.indexOf('.', 1);
      if (dot < 0) continue;
      const key = member.name.slice(0, member.name.length - base.length + dot);
      const sample = samples.get(key) ?? { shard, parts: new Map() };
      samples.set(key, sample);
      sample.parts.set(base.slice(dot + 1).toLowerCase(), member);
    }
    for (const [key, sample] of samples) {
      const picture = pictureIn(sample);
      if (picture === undefined) {
        problems.push({
          file: shard,
          code: 'missing_picture',
          reason: `There is no picture of the key ${JSON.stringify(key)} in the archive; skipped.`,
        });
        continue;
      }
      const name = named.has(picture.name) ? `${withExtension(shard, '')}/${picture.name}` : picture.name;
      named.set(name, sample);
    }
  }
  return { named: new Map([...named].sort(([a], [b]) => (a < b ? -1 : 1))), problems };
}

function pictureIn({ parts }: Sample): TarMember | undefined {
  for (const [part, member] of parts) if (PICTURE.test(`.${part}`) && part !== LABEL_MAP) return member;
  return undefined;
}

class SampleReader {
  private readonly classNames: string[] = [];
  private known: ReadonlySet<string> = new Set();
  private highest = -1;
  private isGiven = false;
  private readonly ignored = new Map<string, number>();

  constructor(
    private readonly folder: DatasetFolder,
    private readonly builder: DatasetBuilder,
    private readonly options: ParseOptions,
  ) {}

  async read(samples: ReadonlyMap<string, Sample>, shards: readonly string[]) {
    await this.readHeaders(shards);
    for (const [name, sample] of samples) await this.readSample(name, sample);
    for (const [ending, count] of this.ignored) {
      const what = ending === 'txt' ? 'captions or other texts, which are left alone' : 'no labels that are read';
      const reason = `${count} files that end in .${ending} hold ${what}.`;
      this.builder.problem({ file: shards[0] ?? '.' }, ending === 'txt' ? 'captions_ignored' : 'ignored_file', reason);
    }
    for (let index = this.classNames.length; !this.isGiven && index <= this.highest; index++)
      this.classNames.push(`class_${index}`);
    return this.builder.build('webdataset', this.classNames);
  }

  private async readHeaders(shards: readonly string[]): Promise<void> {
    for (const from of new Set(shards.map((shard) => posix.dirname(shard)))) {
      const file = posix.join(from, HEADER);
      const text = await this.folder.readText(file);
      const json = typeof text === 'string' ? parseJson(text, this.builder, { file }) : undefined;
      if (json && readHeader(this.builder, json, this.classNames, { file })) this.isGiven = true;
    }
    if (this.options.classNames) this.classNames.splice(0, Number.POSITIVE_INFINITY, ...this.options.classNames);
    this.isGiven ||= this.options.classNames !== undefined;
    this.known = new Set(this.classNames);
  }

  private async readSample(name: string, { shard, parts }: Sample): Promise<void> {
    const path = join(this.folder.root, shard);
    const picture = pictureIn({ shard, parts })!;
    this.builder.setStored(name, { path, load: () => loadMember(path, picture) });
    const split = /(?:^|[^a-z])(train|val|test)(?:[^a-z]|$)/i.exec(shard)?.[1]?.toLowerCase();
    if (split !== undefined) this.builder.setSplit(name, split);
    let says = false;
    for (const [ending, member] of parts) {
      if (member === picture) continue;
      const place = { file: `${shard}/${member.name}` };
      if (ending === 'json' && this.known.size > 0) says = (await this.readJson(name, path, member, place)) || says;
      else if (ending === 'cls') says = (await this.readClass(name, path, member, place)) || says;
      else if (ending === LABEL_MAP) {
        this.builder.setLabelMap(name, path, () => loadMember(path, member));
        says = true;
      } else this.ignored.set(ending, (this.ignored.get(ending) ?? 0) + 1);
    }
    if (!says) this.builder.markUnknown(name);
  }

  private async readJson(name: string, path: string, member: TarMember, place: { file: string }): Promise<boolean> {
    const text = await this.loadText(path, member, place);
    const json = text === undefined ? undefined : parseJson(text, this.builder, place);
    if (json === undefined) return false;
    if (!Array.isArray(json.annotations) && json.labelled === undefined) {
      this.ignored.set('json', (this.ignored.get('json') ?? 0) + 1);
      return false;
    }
    addRecord(this.builder, name, json, place, this.known);
    return true;
  }

  private async readClass(name: string, path: string, member: TarMember, place: { file: string }): Promise<boolean> {
    const text = (await this.loadText(path, member, place))?.trim();
    if (text === undefined) return false;
    const index = /^\d{1,6}$/.test(text) ? Number(text) : undefined;
    if (index !== undefined && this.isGiven && this.classNames[index] === undefined) {
      this.builder.skip(
        name,
        place,
        'unknown_class',
        `Class ${index} is unknown: known are 0 to ${this.classNames.length - 1}; skipped.`,
      );
      return false;
    }
    if (text === '' || (index === undefined && this.isGiven && !this.known.has(text))) {
      this.builder.skip(
        name,
        place,
        'unknown_class',
        `The class ${JSON.stringify(text.slice(0, 60))} is unknown; skipped.`,
      );
      return false;
    }
    if (index !== undefined && !this.isGiven) this.highest = Math.max(this.highest, index);
    if (index === undefined && !this.classNames.includes(text)) this.classNames.push(text);
    this.builder.addClass(name, index === undefined ? text : (this.classNames[index] ?? `class_${index}`));
    return true;
  }

  private async loadText(path: string, member: TarMember, place: { file: string }): Promise<string | undefined> {
    const broken = (reason: string) => {
      this.builder.problem(place, 'broken_file', `${reason}; skipped.`);
      return undefined;
    };
    if (member.sizeBytes > MAX_TEXT_BYTES)
      return broken(`Its ${member.sizeBytes} bytes are over the limit of ${MAX_TEXT_BYTES}`);
    try {
      return Buffer.from(await loadMember(path, member)).toString('utf8');
    } catch (error) {
      if (error instanceof FoveaError) return broken(error.message.replace(/\.$/, ''));
      throw error;
    }
  }
}
