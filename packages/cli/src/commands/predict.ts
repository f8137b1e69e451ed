import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FoveaError } from '@fovea/annotations';
import { drawDetections } from '@fovea/image';
import { concurrent } from '../concurrent.js';
import { done, type Outcome, stopped } from '../outcome.js';
import { openPictureSource, type SourcePicture, sayPath } from '../picture-source.js';
import { type Predicted, type Predictor, withPredictor } from '../predictor.js';
import { type Problem, sayProblems } from '../problems.js';
import type { CommonOptions, Session } from '../session.js';

/** Options of `fovea predict`. */
export interface PredictCommandOptions extends CommonOptions {
  readonly model: string;
  readonly out: string;
  readonly confidence?: number;
  readonly iou?: number;
  readonly every?: number;
}

interface Done {
  readonly picture: SourcePicture;
  readonly predicted: Predicted;
  /** Where it came among the inputs. */
  readonly order: number;
}

/** `fovea predict`: writes `predictions.json` (COCO) and the pictures with their boxes drawn into a folder. */
export async function predictCommand(path: string, options: PredictCommandOptions, session: Session): Promise<Outcome> {
  const { terminal, signal } = session;
  const out = resolve(options.out);
  const source = await openPictureSource(path, { out, everyNth: options.every, signal });
  const problems: Problem[] = [...source.problems];
  return withPredictor(options.model, options, session, async (predictor) => {
    if (predictor.task !== 'detection')
      throw new FoveaError(
        'task_not_predicted',
        `${predictor.model.name} is for ${predictor.task}; \`fovea predict\` writes boxes so far. Measure it by \`fovea eval\`, or open its file by \`openModel\` of @fovea/models.`,
        { task: predictor.task },
      );
    await makeFolder(out);
    const results: Done[] = [];
    let order = 0;
    let skipped = 0;
    await concurrent(
      source.pictures(),
      4,
      async (picture) => {
        const place = order++;
        try {
          const bytes = await picture.load();
          const predicted = await predictor.predict(bytes, {
            confidence: options.confidence,
            iouThreshold: options.iou,
          });
          await write(join(out, drawnName(picture.name)), await drawDetections(bytes, predicted.detections));
          results.push({ picture, predicted, order: place });
        } catch (error) {
          const code = (error as { code?: string }).code;
          if (source.kind === 'image' || (code !== 'unreadable_image' && code !== 'ENOENT')) throw error;
          skipped += 1;
          problems.push({ file: picture.name, code: 'unreadable_image', reason: (error as Error).message });
        }
        terminal.progress({ done: results.length + skipped, total: source.total, text: progressText(results.length) });
      },
      signal,
    );
    terminal.endProgress();
    results.sort((a, b) => a.order - b.order);
    if (results.length === 0 && !signal.aborted) {
      throw new FoveaError('nothing_predicted', `None of the pictures in ${path} could be read.`, { problems });
    }
    const file = join(out, 'predictions.json');
    await write(file, JSON.stringify(cocoOf(predictor, results)));
    const detections = results.reduce((sum, { predicted }) => sum + predicted.detections.length, 0);
    const json = {
      model: predictor.model,
      source: path,
      kind: source.kind,
      out,
      predictions: file,
      pictures: results.length,
      skipped,
      detections,
      problems,
    };
    const lines = [
      `${detections} boxes in ${results.length} ${source.kind === 'video' ? 'frames' : 'pictures'}: ${sayPath(file)}, and the pictures beside it.`,
      ...sayProblems(problems),
    ];
    return signal.aborted
      ? stopped({ ...json, stopped: true }, [...lines, 'Stopped before the end.'])
      : done(json, lines);
  });
}

function progressText(count: number): string {
  return `${count} predicted`;
}

/** The drawn picture's name: always a JPEG, and `a.png` does not overwrite `a.jpg`. */
function drawnName(name: string): string {
  return /^frame-\d+\.png$/.test(name) ? name.replace(/png$/, 'jpg') : /\.jpe?g$/i.test(name) ? name : `${name}.jpg`;
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new FoveaError(
      'out_not_writable',
      `The folder ${path} cannot be made (${cause.code}): choose another with --out.`,
      { path },
      { cause },
    );
  });
}

/** Writes a file whole or not at all. */
async function write(path: string, content: Uint8Array | string): Promise<void> {
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

/**
 * COCO's dataset form with a `score` on every annotation, so that the file stands alone; a tool that wants the results
 * form takes its `annotations`. Category ids count from 1, boxes are xywh in pixels.
 */
function cocoOf(predictor: Predictor, results: readonly Done[]) {
  let id = 0;
  return {
    info: {
      description: `Predictions of ${predictor.model.name} version ${predictor.model.version}`,
      date_created: new Date().toISOString(),
    },
    images: results.map(({ picture, predicted }, index) => ({
      id: index + 1,
      file_name: picture.frame ? drawnName(picture.name) : picture.name,
      width: predicted.width,
      height: predicted.height,
      ...(picture.frame && { frame_index: picture.frame.index, time_seconds: picture.frame.timeSeconds }),
    })),
    categories: predictor.classNames.map((name, index) => ({ id: index + 1, name })),
    annotations: results.flatMap(({ predicted }, index) =>
      predicted.detections.map(({ box: [xmin, ymin, xmax, ymax], classIndex, confidence }) => ({
        id: ++id,
        image_id: index + 1,
        category_id: classIndex + 1,
        bbox: [xmin, ymin, xmax - xmin, ymax - ymin],
        area: (xmax - xmin) * (ymax - ymin),
        iscrowd: 0,
        score: confidence,
      })),
    ),
  };
}
