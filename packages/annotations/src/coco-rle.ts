import { FoveaError } from './error.js';
import { checkMaskSize, createMask, type Mask } from './mask.js';

/** A mask as COCO's files have it: `size` is [height, width]; `counts` the runs, or the runs packed into a string. */
export interface CocoRle {
  readonly size: readonly [height: number, width: number];
  readonly counts: string | readonly number[];
}

/** Where the characters of packed runs begin ('0'); each carries six bits. */
const FIRST = 48;
/** 7 characters of 5 bits hold any run or difference of runs, with its sign. */
const MOST_CHARACTERS = 7;

/**
 * Packs runs into COCO's string: from the fourth on each run is written as its difference to the one two before; each
 * number goes, lowest first, into groups of five bits, a sixth says whether another group follows, and 48 is added so
 * that every group is a printable character.
 *
 * @param counts runs below 2³¹
 */
export function packRuns(counts: ArrayLike<number>): string {
  const bytes: number[] = [];
  for (let at = 0; at < counts.length; at++) {
    let rest = at > 2 ? counts[at]! - counts[at - 2]! : counts[at]!;
    for (let isMore = true; isMore; ) {
      const group = rest & 31;
      rest >>= 5;
      // The highest bit of the last group is the sign.
      isMore = (group & 16) === 0 ? rest !== 0 : rest !== -1;
      bytes.push(FIRST + (isMore ? group | 32 : group));
    }
  }
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 8192) parts.push(String.fromCharCode(...bytes.slice(at, at + 8192)));
  return parts.join('');
}

/**
 * Unpacks what {@link packRuns} packed.
 *
 * @throws FoveaError `bad_mask` for other characters, an end in the middle of a number, and runs below 0 or past 2³¹
 */
export function unpackRuns(packed: string): Uint32Array {
  const runs = new Uint32Array(packed.length);
  let count = 0;
  for (let at = 0; at < packed.length; count++) {
    const start = at;
    let value = 0;
    let weight = 1;
    for (let isMore = true; isMore; at++) {
      const group = packed.charCodeAt(at) - FIRST;
      if (!(group >= 0 && group < 64)) {
        throw badRle(
          at >= packed.length
            ? 'it ends in the middle of a number'
            : `character ${at} is ${JSON.stringify(packed[at])}, which is none of "0" to "o"`,
        );
      }
      if (at - start >= MOST_CHARACTERS) throw badRle(`the number at character ${start} is too long`);
      value += (group & 31) * weight;
      weight *= 32;
      isMore = (group & 32) !== 0;
      if (!isMore && (group & 16) !== 0) value -= weight;
    }
    if (count > 2) value += runs[count - 2]!;
    if (value < 0 || value >= 2 ** 31) throw badRle(`run ${count} would be ${value}`);
    runs[count] = value;
  }
  return runs.slice(0, count);
}

function badRle(what: string): FoveaError {
  return new FoveaError('bad_mask', `The string of a mask's runs cannot be read: ${what}.`);
}

/**
 * The mask of a `segmentation` with `size` and `counts`, packed or not.
 *
 * @param value anything, as parsed from JSON
 * @throws FoveaError `bad_mask` saying what is missing or wrong
 */
export function maskFromCoco(value: unknown): Mask {
  const { size, counts } = (typeof value === 'object' && value !== null ? value : {}) as Partial<CocoRle>;
  if (!Array.isArray(size) || size.length !== 2 || !size.every((side) => typeof side === 'number')) {
    throw new FoveaError('bad_mask', `A mask needs "size": [height, width]; this has ${sayJson(size)}.`);
  }
  const [height, width] = size as [number, number];
  checkMaskSize(width, height);
  if (typeof counts === 'string') return createMask(width, height, unpackRuns(counts));
  if (Array.isArray(counts)) return createMask(width, height, counts);
  throw new FoveaError(
    'bad_mask',
    `A mask needs "counts", a list of runs or a string of packed ones; this has ${sayJson(counts)}.`,
  );
}

/** The mask as COCO's results files have it, its runs packed. */
export function maskToCoco({ width, height, counts }: Mask): { size: [height: number, width: number]; counts: string } {
  return { size: [height, width], counts: packRuns(counts) };
}

function sayJson(value: unknown): string {
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? `${value.length} entries` : 'an object';
  return JSON.stringify(value)?.slice(0, 60) ?? 'nothing';
}
