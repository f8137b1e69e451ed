import { constants, createReadStream, createWriteStream } from 'node:fs';
import { appendFile, copyFile, link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FoveaError } from '@fovea/annotations';
import type { ExportPicture, Problem, WriteReport } from './dataset.js';
import { NameRegister } from './name-register.js';
import { safePath, withPictureEnding } from './safe-name.js';

/** What happens to the pictures of a data set that is written. */
export type PictureMode = 'copy' | 'link' | 'none';

/** Pictures copied at once beside the labels being written. */
const COPIES_AT_ONCE = 8;
const MAX_PROBLEMS = 10_000;
const FLUSH_LENGTH = 1 << 18;
const SPLITS = new Set(['train', 'training', 'val', 'valid', 'validation', 'test', 'testing']);

/** A file written piece by piece; it has its final name once the data set is whole. */
export interface FileDraft {
  write(content: string | Uint8Array): Promise<void>;
}

/** How a picture is called: by another name than its own, or outside of its split's folder. */
export interface NameOptions {
  readonly name?: string;
  readonly withSplit?: boolean;
}

/** The folder a format writes into. Every file is a draft until it is whole; {@link finish} gives the last their names. */
export class ExportTarget {
  private readonly names = new NameRegister();
  private readonly counts = { pictures: 0, annotations: 0, files: 0, drafts: 0 };
  private readonly dropped = new Map<string, number>();
  private readonly problems: Problem[] = [];
  private untold = 0;
  private told: { file: string; codes: Set<string> } = { file: '', codes: new Set() };
  private readonly drafts = new Map<string, BufferedFile>();
  private readonly copies = new Set<Promise<void>>();
  private failure: unknown;
  private readonly made = new Set<string>();

  private constructor(
    private readonly root: string,
    private readonly mode: PictureMode,
  ) {}

  /** @throws FoveaError `folder_not_empty`; `disk_full`, `folder_not_writable` */
  static async into(folder: string, mode: PictureMode): Promise<ExportTarget> {
    const refuse = (what: string) => {
      throw new FoveaError('folder_not_empty', `A data set is written into a new or empty folder: ${what}.`, {
        folder,
      });
    };
    const there = await stat(folder).catch(() => undefined);
    if (there && !there.isDirectory()) refuse(`"${folder}" is a file`);
    try {
      await mkdir(folder, { recursive: true });
      const [first] = await readdir(folder);
      if (first !== undefined) refuse(`"${folder}" holds "${first}"`);
    } catch (error) {
      throw explain(error, folder);
    }
    return new ExportTarget(folder, mode);
  }

  /**
   * Puts a picture below `folder` (and its split's folder, unless that is said otherwise), and gives the name it has
   * from the root: made safe, with an ending of its format, told apart from those that are there.
   *
   * @param name default: the picture's, without leading folders named for pictures or splits
   */
  async place(picture: ExportPicture, folder: string, options: NameOptions = {}): Promise<string> {
    const placed = this.nameFor(picture, folder, options);
    if (this.mode !== 'none') await this.startCopy(picture, placed);
    return placed;
  }

  /** The name {@link place} gives, for a picture that goes elsewhere than into a file of its own. */
  nameFor(picture: ExportPicture, folder: string, { name, withSplit = true }: NameOptions = {}): string {
    const own = nameInside(picture.name);
    const ended = withPictureEnding(safePath(name ?? own), picture.format);
    const split = withSplit && picture.split !== undefined ? safePath(picture.split) : '';
    const placed = this.names.take(posix.join(folder, split, ended), picture.sha256);
    if (name === undefined && posix.relative(posix.join(folder, split), placed) !== own) {
      this.tell(picture, 'name_changed', `The picture is called ${JSON.stringify(placed)}.`);
    }
    return placed;
  }

  /** A picture's bytes, or undefined where pictures are not written. */
  async loadPicture(picture: ExportPicture): Promise<Uint8Array | undefined> {
    if (this.mode === 'none') return undefined;
    return picture.path === undefined ? picture.load() : readFile(picture.path);
  }

  /** Counts a picture written, and its annotations. */
  count(annotations: number): void {
    this.counts.pictures++;
    this.counts.annotations += annotations;
  }

  /** Says what became otherwise of a picture's labels, each code once a picture, and counts it. */
  tell(picture: { readonly name: string }, code: string, reason: string, count = 1): void {
    if (count === 0) return;
    // Problems of a picture come one after another, so that only the last picture's need to be remembered.
    if (this.told.file !== picture.name) this.told = { file: picture.name, codes: new Set() };
    const isNew = !this.told.codes.has(code);
    this.told.codes.add(code);
    this.report(picture, code, reason, count, isNew);
  }

  private report({ name }: { readonly name: string }, code: string, reason: string, count = 1, isNew = true): void {
    this.dropped.set(code, (this.dropped.get(code) ?? 0) + count);
    if (!isNew) return;
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ file: name, code, reason });
    else this.untold++;
  }

  /** Writes a small file whole. */
  async write(name: string, content: string | Uint8Array): Promise<void> {
    this.check();
    const draft = await this.makeDraft(name);
    await this.guarded(async () => {
      await writeFile(draft, content);
      await rename(draft, join(this.root, name));
    });
    this.counts.files++;
  }

  /** A file written piece by piece, the same for the same name. Holds no file open, so that there may be many. */
  async open(name: string): Promise<FileDraft> {
    const known = this.drafts.get(name);
    if (known) return known;
    const draft = await this.makeDraft(name);
    const text = new BufferedFile(
      (content) =>
        this.guarded(() => {
          this.check();
          return appendFile(draft, content);
        }),
      draft,
    );
    this.drafts.set(name, text);
    return text;
  }

  /** Appends what was written under one name to another, and forgets it. */
  async join(into: string, from: string): Promise<void> {
    const [to, source] = [this.drafts.get(into), this.drafts.get(from)];
    if (!to || !source) throw new Error(`internal: ${into} or ${from} is not open`);
    await Promise.all([to.flush(), source.flush()]);
    await this.guarded(async () => {
      if (await stat(source.draft).catch(() => undefined)) {
        await pipeline(createReadStream(source.draft), createWriteStream(to.draft, { flags: 'a' }));
        await rm(source.draft);
      }
    });
    this.drafts.delete(from);
  }

  /** Waits for the pictures, gives the drafts their names. */
  async finish(): Promise<WriteReport> {
    await Promise.all(this.copies);
    this.check();
    for (const [name, text] of this.drafts) {
      await text.flush(true);
      await this.guarded(() => rename(text.draft, join(this.root, name)));
      this.counts.files++;
    }
    this.drafts.clear();
    if (this.untold > 0) {
      const reason = `${this.untold} more pictures have such; all are counted.`;
      this.problems.push({ file: '.', code: 'more_problems', reason });
    }
    const { pictures, annotations, files } = this.counts;
    return { pictures, annotations, files, problems: this.problems, dropped: Object.fromEntries(this.dropped) };
  }

  /** Removes drafts, after a failure. */
  async abandon(): Promise<void> {
    await Promise.allSettled(this.copies);
    for (const name of await readdir(this.root).catch(() => [])) {
      if (DRAFT.test(name)) await rm(join(this.root, name), { force: true }).catch(() => undefined);
    }
  }

  private async makeDraft(name: string): Promise<string> {
    const folder = dirname(join(this.root, name));
    if (!this.made.has(folder)) {
      await this.guarded(() => mkdir(folder, { recursive: true }));
      if (this.made.size > 10_000) this.made.clear();
      this.made.add(folder);
    }
    return join(this.root, `.fovea-draft-${this.counts.drafts++}`);
  }

  private async startCopy(picture: ExportPicture, name: string): Promise<void> {
    this.check();
    while (this.copies.size >= COPIES_AT_ONCE) await Promise.race(this.copies);
    const draft = await this.makeDraft(name);
    const copy: Promise<void> = this.copy(picture, draft, join(this.root, name))
      .catch((error) => {
        this.failure ??= explain(error, this.root);
      })
      .finally(() => this.copies.delete(copy));
    this.copies.add(copy);
  }

  private async copy(picture: ExportPicture, draft: string, final: string): Promise<void> {
    this.counts.files++;
    if (picture.path === undefined) {
      await writeFile(draft, await picture.load());
    } else if (this.mode === 'link') {
      try {
        await link(picture.path, draft);
      } catch (error) {
        // Another disk, or one that has no links: told, and copied.
        if (!['EXDEV', 'EPERM', 'ENOTSUP', 'EMLINK'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
        this.report(picture, 'link_copied', 'The picture cannot be linked from where it lies; it was copied.');
        await copyFile(picture.path, draft, constants.COPYFILE_FICLONE);
      }
    } else await copyFile(picture.path, draft, constants.COPYFILE_FICLONE);
    await rename(draft, final);
  }

  private check(): void {
    if (this.failure !== undefined) throw this.failure;
  }

  private async guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw explain(error, this.root);
    }
  }
}

const DRAFT = /^\.fovea-draft-\d+$/;

class BufferedFile implements FileDraft {
  private parts: Buffer[] = [];
  private texts: string[] = [];
  private length = 0;

  constructor(
    private readonly append: (content: Uint8Array) => Promise<void>,
    readonly draft: string,
  ) {}

  async write(content: string | Uint8Array): Promise<void> {
    if (typeof content === 'string') this.texts.push(content);
    else {
      this.joinTexts();
      this.parts.push(Buffer.from(content.buffer, content.byteOffset, content.byteLength));
    }
    this.length += content.length;
    if (this.length >= FLUSH_LENGTH) await this.flush();
  }

  /** @param always makes the file be it empty */
  async flush(always = false): Promise<void> {
    if (this.length === 0 && !always) return;
    this.joinTexts();
    const content = Buffer.concat(this.parts);
    this.parts = [];
    this.length = 0;
    await this.append(content);
  }

  private joinTexts(): void {
    if (this.texts.length === 0) return;
    this.parts.push(Buffer.from(this.texts.join('')));
    this.texts = [];
  }
}

/** A picture's name without leading folders that the layout gives anew: `images`, and those of splits. */
function nameInside(name: string): string {
  const parts = name.split('/');
  let first = 0;
  while (first < parts.length - 1 && (/^images$/i.test(parts[first]!) || SPLITS.has(parts[first]!.toLowerCase())))
    first++;
  return parts.slice(first).join('/');
}

function explain(error: unknown, folder: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const say = (name: string, sentence: string) =>
    new FoveaError(name, sentence, { folder, reason: code }, { cause: error });
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return say(
      'disk_full',
      `There is no room left to write the data set into "${folder}": free some, and write it anew.`,
    );
  }
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
    return say('folder_not_writable', `The data set cannot be written into "${folder}": ${code}.`);
  }
  return error;
}
