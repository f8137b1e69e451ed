import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { PlannedPicture } from '../plan.js';
import type { PictureIndex } from './picture-index.js';
import type { PictureSource } from './picture-source.js';
import { createSampleChoice } from './sample-choice.js';
import { decodeRecord, encodeRecord, type KeptSample } from './sample-record.js';
import type { SampleRule } from './sample-rule.js';
import type { SampleStore } from './sample-store.js';

/** A sample to be given back. */
export interface LentSample {
  readonly picture: PlannedPicture;
  readonly sample: KeptSample;
  /** Its memory is used for another afterwards. */
  release(): void;
}

/** How samples were come by. */
export interface LoadCounts {
  /** Read as they were kept on disk. */
  readonly read: number;
  /** Still in memory. */
  readonly remembered: number;
  readonly decoded: number;
}

/** Samples by number. */
export interface SampleLoader {
  load(at: number): Promise<LentSample>;
  counts(): LoadCounts;
}

/** What a {@link SampleLoader} is told. */
export interface SampleLoaderOptions {
  readonly index: PictureIndex;
  readonly rule: SampleRule;
  readonly source: PictureSource;
  /** `null` to keep nothing on disk. */
  readonly store: SampleStore | null;
  /** Bytes of samples kept in memory, of those that are not kept on disk. */
  readonly memoryBytes: number;
  /** Told in a sentence, once, where files are not what the data says. */
  onTrouble(text: string): void;
}

const keepsNothing = () => undefined;

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 18 }), hash);
  return hash.digest('hex');
}

/**
 * Loads samples: from where they are kept on disk, else by decoding, whereupon they are kept. So the first pass decodes
 * and training begins at once; of each file bytes are read once.
 */
export function createSampleLoader(options: SampleLoaderOptions): SampleLoader {
  const { index, rule, source, store, memoryBytes, onTrouble } = options;
  const memory = new Map<number, KeptSample>();
  const decoding = new Map<number, Promise<KeptSample>>();
  const choice = createSampleChoice();
  const counts = { read: 0, remembered: 0, decoded: 0 };
  let remembered = 0;
  let changed = 0;

  /** The picture with the paths its bytes are to be had at; asked for once, since bytes may come from far away. */
  async function find(picture: PlannedPicture): Promise<PlannedPicture> {
    const path = await source.pictureOf(picture);
    if (!rule.hasLabels || picture.labelMapPath === undefined) return { ...picture, path };
    return { ...picture, path, labelMapPath: await source.labelMapOf(picture) };
  }

  /** What a sample is kept under is its bytes' SHA-256: a file that has changed since is not kept. */
  async function isUnchanged({ name, sha256, path, labelMapSha256, labelMapPath }: PlannedPicture): Promise<boolean> {
    const isLabelled = rule.hasLabels && labelMapPath !== undefined && labelMapSha256 !== undefined;
    const is = (await hashFile(path)) === sha256 && (!isLabelled || (await hashFile(labelMapPath)) === labelMapSha256);
    if (!is && changed++ === 0)
      onTrouble(`"${name}" is not the file its SHA-256 says; such pictures are not kept on disk.`);
    return is;
  }

  async function keep(at: number, picture: PlannedPicture, sample: KeptSample): Promise<void> {
    if (store && at < store.keepable && (await isUnchanged(picture)) && (await store.put(at, encodeRecord(sample))))
      return;
    const bytes = sample.pixels.length + (sample.labelMap?.length ?? 0);
    if (remembered + bytes > memoryBytes) return;
    remembered += bytes;
    memory.set(at, sample);
  }

  async function decode(at: number, picture: PlannedPicture, keeps: boolean): Promise<KeptSample> {
    const begun = performance.now();
    const found = await find(picture);
    const sample = await rule.make(found);
    choice.took('decoded', performance.now() - begun);
    if (keeps) await keep(at, found, sample);
    return sample;
  }

  /** Whoever asks for a picture that is just being decoded gets the same. */
  function decodeOnce(at: number, picture: PlannedPicture, keeps: boolean): Promise<KeptSample> {
    const known = decoding.get(at);
    if (known) return known;
    const made = decode(at, picture, keeps).finally(() => decoding.delete(at));
    decoding.set(at, made);
    return made;
  }

  async function read(at: number): Promise<Omit<LentSample, 'picture'> | null> {
    if (!store) return null;
    const begun = performance.now();
    const lent = await store.load(at);
    if (!lent) return null;
    const sample = decodeRecord(lent);
    choice.took('kept', performance.now() - begun);
    return { sample, release: lent.release };
  }

  const isAtHand = ({ path }: PlannedPicture) =>
    access(path).then(
      () => true,
      () => false,
    );

  return {
    async load(at) {
      const known = memory.get(at);
      const picture = await index.load(at);
      if (known) {
        counts.remembered++;
        return { picture, sample: known, release: keepsNothing };
      }
      const decodes = choice.next() === 'decoded' && (await isAtHand(picture));
      const kept = decodes ? null : await read(at);
      if (kept) {
        counts.read++;
        return { picture, ...kept };
      }
      counts.decoded++;
      return { picture, sample: await decodeOnce(at, picture, !decodes), release: keepsNothing };
    },
    counts: () => ({ ...counts }),
  };
}
