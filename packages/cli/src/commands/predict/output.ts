import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FoveaError } from '@fovea/annotations';
import type { SourcePicture } from '../../picture-source.js';
import type { Answer, Predictor } from '../../predictor.js';

/** A picture, and what the model said of it. */
export interface PredictedPicture {
  readonly picture: SourcePicture;
  /** Its name without ending, of no two pictures the same: what files made of it are named by. */
  readonly stem: string;
  readonly bytes: Uint8Array;
  readonly answer: Answer;
}

/** What `fovea predict` was told: which model, and where to write. */
export interface Target {
  readonly predictor: Predictor;
  /** The folder, as an absolute path. */
  readonly out: string;
}

/** How the predictions of one task are written. */
export interface TaskOutput<Row> {
  /** Writes what lies beside `predictions.json`, and gives what is kept of the picture for it. */
  take(predicted: PredictedPicture): Promise<Row>;
  /** The text of `predictions.json` in pieces, for the rows in the order of the pictures. */
  document(rows: readonly Row[]): Iterable<string>;
  /** Figures for the JSON summary; for people the line up to the file's name, and what lies beside that file. */
  summary(
    rows: readonly Row[],
    pictures: string,
  ): { readonly json: Record<string, unknown>; readonly line: string; readonly beside?: string };
}

/** What every picture's entry begins with. A video's frame has no file of its own: its place is told. */
export function describePicture({ picture, stem, answer: { width, height } }: PredictedPicture) {
  const { name, frame } = picture;
  return {
    name: frame ? stem : name,
    width,
    height,
    ...(frame && { frameIndex: frame.index, timeSeconds: frame.timeSeconds }),
  };
}

/**
 * A document of a model, some facts, and its pictures, a line each. In pieces, since a hundred thousand vectors are more
 * than one string holds.
 */
export function* pictureDocument(
  { model, task }: Predictor,
  facts: object,
  pictures: readonly object[],
): Generator<string> {
  const head = JSON.stringify({ model, task, createdAt: new Date().toISOString(), ...facts });
  yield `${head.slice(0, -1)},"pictures":[`;
  for (const [index, picture] of pictures.entries()) yield `${index > 0 ? ',' : ''}\n${JSON.stringify(picture)}`;
  yield '\n]}\n';
}

/** Names without ending, each given once: `a.jpg` is `a`, an `a.png` after it keeps its ending. */
export function createStems(): (name: string) => string {
  const taken = new Set<string>();
  return (name) => {
    const short = name.replace(/\.[^./]+$/, '');
    // Capitals do not tell files apart everywhere.
    let stem = taken.has(short.toLowerCase()) ? name : short;
    while (taken.has(stem.toLowerCase())) stem += '_';
    taken.add(stem.toLowerCase());
    return stem;
  };
}

/** Makes the folder that is written into. @throws FoveaError `out_not_writable` */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new FoveaError(
      'out_not_writable',
      `The folder ${path} cannot be made (${cause.code}): choose another with --out.`,
      { path },
      { cause },
    );
  });
}

/** Writes a file whole or not at all. @throws FoveaError `out_not_writable` */
export async function writeWhole(path: string, content: Uint8Array | Iterable<string>): Promise<void> {
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(draft, content);
    await rename(draft, path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOSPC' ? 'the disk is full' : code;
    throw new FoveaError('out_not_writable', `${path} cannot be written: ${why}.`, { path }, { cause });
  }
}
