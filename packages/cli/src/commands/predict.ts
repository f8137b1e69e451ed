import { join, resolve } from 'node:path';
import { FoveaError } from '@fovea/annotations';
import { type PredictOptions, refuseForeignOption } from '@fovea/serving';
import { concurrent } from '../concurrent.js';
import { done, type Outcome, stopped } from '../outcome.js';
import { openPictureSource, type PictureSource, sayPath } from '../picture-source.js';
import { withPredictor } from '../predictor.js';
import { type Problem, sayProblems } from '../problems.js';
import type { CommonOptions, Session } from '../session.js';
import { classificationOutput } from './predict/classification.js';
import { detectionOutput } from './predict/detection.js';
import { embeddingOutput } from './predict/embedding.js';
import { createStems, makeFolder, type Target, type TaskOutput, writeWhole } from './predict/output.js';
import { segmentationOutput } from './predict/segmentation.js';

/** Options of `fovea predict`. */
export interface PredictCommandOptions extends CommonOptions {
  readonly model: string;
  readonly out: string;
  readonly confidence?: number;
  readonly iou?: number;
  readonly topK?: number;
  readonly every?: number;
}

/** What this command calls the options of a prediction; it has no other. */
const flags: Partial<Record<keyof PredictOptions, string>> = {
  confidence: '--confidence',
  iouThreshold: '--iou',
  topK: '--top-k',
};

/** `fovea predict`: writes `predictions.json` and what belongs beside it, by the model's task, into a folder. */
export async function predictCommand(path: string, options: PredictCommandOptions, session: Session): Promise<Outcome> {
  const out = resolve(options.out);
  const source = await openPictureSource(path, { out, everyNth: options.every, signal: session.signal });
  return withPredictor(options.model, options, session, async (predictor) => {
    const asked = { confidence: options.confidence, iouThreshold: options.iou, topK: options.topK };
    const { model, task } = predictor;
    refuseForeignOption({ name: model.name, task }, asked, 'invalid_option', (option) => flags[option]);
    const target = { predictor, out };
    const write = <Row>(output: TaskOutput<Row>) => predictInto(output, target, { path, source, asked }, session);
    switch (task) {
      case 'detection':
        return write(detectionOutput(target));
      case 'classification':
        return write(classificationOutput(target));
      case 'segmentation':
        return write(segmentationOutput(target));
      case 'embedding':
        return write(embeddingOutput(target));
      default:
        throw new FoveaError(
          'unknown_task',
          `${model.name} is for ${task}, which this version does not know; it knows detection, classification, segmentation and embedding.`,
          { task },
        );
    }
  });
}

interface Asked {
  /** As it was named. */
  readonly path: string;
  readonly source: PictureSource;
  readonly asked: PredictOptions;
}

/** Predicts every picture of a source, and writes what a task writes. */
async function predictInto<Row>(
  output: TaskOutput<Row>,
  { predictor, out }: Target,
  { path, source, asked }: Asked,
  { terminal, signal }: Session,
): Promise<Outcome> {
  const problems: Problem[] = [...source.problems];
  const rows: { readonly place: number; readonly row: Row }[] = [];
  const stemOf = createStems();
  let started = 0;
  let skipped = 0;
  await makeFolder(out);
  await concurrent(
    source.pictures(),
    4,
    async (picture) => {
      const place = started++;
      const stem = stemOf(picture.name);
      try {
        const bytes = await picture.load();
        const answer = await predictor.predict(bytes, asked);
        rows.push({ place, row: await output.take({ picture, stem, bytes, answer }) });
      } catch (error) {
        const code = (error as { code?: string }).code;
        if (source.kind === 'image' || (code !== 'unreadable_image' && code !== 'ENOENT')) throw error;
        skipped += 1;
        problems.push({ file: picture.name, code: 'unreadable_image', reason: (error as Error).message });
      }
      terminal.progress({ done: rows.length + skipped, total: source.total, text: `${rows.length} predicted` });
    },
    signal,
  );
  terminal.endProgress();
  if (rows.length === 0 && !signal.aborted) {
    throw new FoveaError('nothing_predicted', `None of the pictures in ${path} could be read.`, { problems });
  }
  const kept = rows.toSorted((a, b) => a.place - b.place).map(({ row }) => row);
  const file = join(out, 'predictions.json');
  await writeWhole(file, output.document(kept));
  const unit = source.kind === 'video' ? 'frame' : 'picture';
  const { json: figures, line, beside } = output.summary(kept, `${kept.length} ${unit}${kept.length === 1 ? '' : 's'}`);
  const json = {
    model: predictor.model,
    task: predictor.task,
    source: path,
    kind: source.kind,
    out,
    predictions: file,
    pictures: kept.length,
    skipped,
    ...figures,
    problems,
  };
  const lines = [`${line}: ${sayPath(file)}${beside ? `, and ${beside} beside it` : ''}.`, ...sayProblems(problems)];
  return signal.aborted
    ? stopped({ ...json, stopped: true }, [...lines, 'Stopped before the end.'])
    : done(json, lines);
}
