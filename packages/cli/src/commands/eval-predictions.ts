import type { Stats } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { FoveaError } from '@fovea/annotations';
import {
  type CocoGroundTruth,
  type CocoMetrics,
  type CocoResult,
  detectIouType,
  evaluateCoco,
  type IouType,
} from '@fovea/metrics';
import { done, type Outcome } from '../outcome.js';
import { type Problem, sayProblems } from '../problems.js';
import type { CommonOptions } from '../session.js';
import { table } from '../terminal.js';

/** Options of `fovea eval --predictions`. */
export interface EvalPredictionsOptions extends CommonOptions {
  /** A results file of COCO's: a list of entries, one per object found. */
  readonly predictions: string;
  /** A ground truth file of COCO's, or a folder with one. */
  readonly data: string;
  readonly iouType?: IouType;
  /** Numbers with commas between, one per key point. */
  readonly sigmas?: string;
}

/** `fovea eval --predictions`: COCO's figures of a results file. It needs no model, and opens no home. */
export async function evalPredictionsCommand(options: EvalPredictionsOptions): Promise<Outcome> {
  const { predictions: resultsFile } = options;
  const predictions = await readJson(resultsFile, 'bad_results');
  const { file: truthFile, groundTruth } = await readGroundTruth(options.data, resultsFile);
  const iouType = options.iouType ?? chooseIouType(predictions, resultsFile);
  // What they really are, evaluateCoco finds out.
  const metrics = explain(resultsFile, truthFile, () =>
    evaluateCoco({
      groundTruth: groundTruth as CocoGroundTruth,
      predictions: predictions as CocoResult[],
      iouType,
      ...(options.sigmas !== undefined && { sigmas: options.sigmas.split(',').map(Number) }),
    }),
  );
  const problems: (Problem & { count: number })[] = metrics.problems.map(({ code, count, reason }) => ({
    file: code === 'unknown_category' ? resultsFile : truthFile,
    code,
    count,
    reason,
  }));
  const figures = figuresOf(metrics);
  const seen = metrics.perClass.filter((row) => row.groundTruth + row.predictions > 0);
  const json = {
    predictions: resultsFile,
    data: truthFile,
    iouType,
    pictures: metrics.images,
    ...Object.fromEntries(figures),
    metrics,
    problems,
  };
  return done(json, [
    `${resultsFile} (${metrics.predictions} predictions) against ${truthFile} (${metrics.images} pictures, ${metrics.groundTruth} objects), by ${iouType}`,
    table(
      ['figure', 'value'],
      figures.map(([name, value]) => [name, say(value)]),
    ),
    '',
    table(
      ['class', 'AP', 'AP50', 'AR', 'objects', 'predictions'],
      seen.map((row) => [row.className, say(row.AP), say(row.AP50), say(row.AR), row.groundTruth, row.predictions]),
    ),
    ...sayProblems(problems),
  ]);
}

function figuresOf(metrics: CocoMetrics): [name: string, value: number | null][] {
  return Object.entries(metrics).filter(([name]) => /^A[PR]/.test(name));
}

function chooseIouType(predictions: unknown, file: string): IouType {
  const list = Array.isArray(predictions) ? predictions : [];
  const iouType = detectIouType(list);
  if (iouType) return iouType;
  // No list at all is said better by who reads it.
  if (!Array.isArray(predictions)) return 'bbox';
  const what =
    list.length === 0 ? 'has no predictions' : 'has a first prediction without bbox, segmentation, keypoints';
  throw new FoveaError(
    'unknown_iou_type',
    `${file} ${what}, so it does not say what to measure: give --iou-type bbox, segm or keypoints.`,
    { file },
  );
}

/** Which file it is, in front of what is wrong with it. */
function explain<R>(resultsFile: string, truthFile: string, evaluate: () => R): R {
  try {
    return evaluate();
  } catch (error) {
    if (!(error instanceof FoveaError) || error.code === 'bad_sigmas') throw error;
    const file = error.code === 'bad_ground_truth' ? truthFile : resultsFile;
    throw new FoveaError(error.code, `${file}: ${error.message}`, { file, ...error.details }, { cause: error });
  }
}

/** A string cannot hold much more, and the parsed file takes several times its size. */
const MAX_BYTES = 450_000_000;

async function readJson(file: string, code: 'bad_results' | 'bad_ground_truth'): Promise<unknown> {
  const found = await statOf(file);
  if (!found.isFile()) throw new FoveaError(code, `${file} is no file: name a JSON file.`, { file });
  if (found.size > MAX_BYTES) {
    const sizes = `${Math.round(found.size / 1e6)} MB, more than the ${MAX_BYTES / 1e6} MB that can be read at once`;
    throw new FoveaError('file_too_large', `${file} has ${sizes}: split it by pictures.`, { file, bytes: found.size });
  }
  const text = (await readFile(file, 'utf8')).replace(/^\uFEFF/, '');
  try {
    return JSON.parse(text);
  } catch (cause) {
    const bare = /[[,:]\s*(-?(?:NaN|Infinity))\b/.exec(text);
    const why = bare ? `${bare[1]} is no number in JSON` : (cause as Error).message;
    throw new FoveaError(code, `${file} cannot be read as JSON: ${why}.`, { file }, { cause });
  }
}

async function statOf(path: string): Promise<Stats> {
  try {
    return await stat(path);
  } catch (cause) {
    throw new FoveaError('missing_path', `There is no file or folder "${path}".`, { path }, { cause });
  }
}

/** The file named, or the one in the folder named, or in its `annotations`, that has what a ground truth has. */
async function readGroundTruth(path: string, resultsFile: string): Promise<{ file: string; groundTruth: unknown }> {
  if (!(await statOf(path)).isDirectory()) return { file: path, groundTruth: await readJson(path, 'bad_ground_truth') };
  const found: { file: string; groundTruth: unknown }[] = [];
  for (const folder of [path, join(path, 'annotations')]) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const { name } of entries.filter((entry) => entry.isFile() && /\.json$/i.test(entry.name))) {
      const file = join(folder, name);
      if (resolve(file) === resolve(resultsFile)) continue;
      const groundTruth = await readJson(file, 'bad_ground_truth');
      if (isGroundTruth(groundTruth)) found.push({ file, groundTruth });
      if (found.length > 1) {
        const names = found.map((one) => relative(path, one.file)).join(' and ');
        throw new FoveaError('bad_ground_truth', `${path} has several ground truths (${names}): name one by --data.`);
      }
    }
  }
  if (found[0]) return found[0];
  throw new FoveaError(
    'bad_ground_truth',
    `${path} has no ground truth of COCO's: a JSON file with "images", "annotations" and "categories", in it or in its "annotations".`,
    { path },
  );
}

function isGroundTruth(value: unknown): boolean {
  const lists = value as Partial<Record<string, unknown>> | null;
  return ['images', 'annotations', 'categories'].every((name) => Array.isArray(lists?.[name]));
}

function say(value: number | null): string {
  return value === null ? '–' : value.toFixed(4);
}
