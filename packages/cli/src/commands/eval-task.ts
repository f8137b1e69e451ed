import { FoveaError } from '@fovea/annotations';
import {
  decodeLabelMap,
  type LabelledPicture,
  loadLabelMapBytes,
  loadPicture,
  mapLabels,
  type ParsedDataset,
} from '@fovea/formats';
import {
  countLabels,
  createLabelCounts,
  evaluateClassification,
  evaluateEmbeddings,
  evaluateSegmentation,
} from '@fovea/metrics';
import { concurrent } from '../concurrent.js';
import type { Answer, Predictor } from '../predictor.js';
import type { Problem } from '../problems.js';
import type { Session } from '../session.js';
import { table } from '../terminal.js';
import { sayFigure } from './train.js';

/** What a model reached: figures by name for the JSON, the whole evaluation, and lines for people. */
export interface TaskEvaluation {
  readonly pictures: number;
  readonly figures: Readonly<Record<string, number | null>>;
  readonly metrics: object;
  readonly lines: string[];
}

type Answered = { readonly picture: LabelledPicture; readonly answer: Answer };

/** Measures a classifier, a segmenter or an embedder on a labelled folder. Detectors are measured by `eval.ts`. */
export async function evaluateTask(
  predictor: Predictor,
  parsed: ParsedDataset,
  data: string,
  problems: Problem[],
  session: Session,
): Promise<TaskEvaluation> {
  const wants = predictor.task === 'segmentation' ? 'label maps' : 'classes of whole pictures';
  const pictures = parsed.pictures.filter((picture) =>
    predictor.task === 'segmentation' ? picture.labelMap !== undefined : picture.classNames !== undefined,
  );
  if (pictures.length === 0)
    throw new FoveaError(
      'nothing_labelled',
      `The model is for ${predictor.task}, which is measured by ${wants}; ${data} (${parsed.format}) has none.`,
      { task: predictor.task, format: parsed.format },
    );
  if (predictor.task === 'classification') return classification(predictor, pictures, problems, session);
  if (predictor.task === 'segmentation') return segmentation(predictor, parsed, pictures, problems, session);
  return embedding(predictor, pictures, problems, session);
}

/** Answers in the order of the pictures, whatever order they came in; `take` keeps what is needed of each. */
async function answers(
  predictor: Predictor,
  pictures: readonly LabelledPicture[],
  problems: Problem[],
  { terminal, signal }: Session,
  take: (answered: Answered) => void | Promise<void>,
): Promise<void> {
  // Of a classifier the probabilities of all classes, not of the likeliest alone.
  const options = predictor.task === 'classification' ? { topK: predictor.classNames.length } : {};
  let count = 0;
  await concurrent(
    pictures,
    4,
    async (picture) => {
      try {
        await take({ picture, answer: await predictor.predict(await loadPicture(picture), options) });
      } catch (error) {
        const code = (error as { code?: string }).code;
        if (code !== 'unreadable_image' && code !== 'bad_label_map') throw error;
        problems.push({ file: picture.name, code, reason: (error as Error).message });
      }
      count += 1;
      terminal.progress({ done: count, total: pictures.length, text: 'pictures' });
    },
    signal,
  );
  terminal.endProgress();
  if (signal.aborted) throw new FoveaError('stopped_early', 'Stopped: nothing was changed.');
}

async function classification(
  predictor: Predictor,
  pictures: readonly LabelledPicture[],
  problems: Problem[],
  session: Session,
): Promise<TaskEvaluation> {
  const { classNames } = predictor;
  const indexOf = new Map(classNames.map((name, index) => [name, index]));
  const known = pictures.filter(({ name, classNames: own }) => {
    if (own!.length === 1 && indexOf.has(own![0]!)) return true;
    const reason =
      own!.length > 1
        ? `The picture is of ${own!.length} classes: left out.`
        : `The model does not know the class "${own![0]}": left out.`;
    problems.push({ file: name, code: own!.length > 1 ? 'several_classes' : 'unknown_class', reason });
    return false;
  });
  if (known.length === 0)
    throw new FoveaError('no_common_class', `The model knows ${classNames.join(', ')}: no picture is of one of these.`);
  const found = new Map<LabelledPicture, Float32Array>();
  await answers(predictor, known, problems, session, ({ picture, answer }) => {
    const row = new Float32Array(classNames.length);
    for (const { classIndex, probability } of answer.classes!) row[classIndex] = probability;
    found.set(picture, row);
  });
  const measured = known.filter((picture) => found.has(picture));
  const metrics = evaluateClassification({
    probabilities: Float32Array.from(measured.flatMap((picture) => [...found.get(picture)!])),
    labels: measured.map((picture) => indexOf.get(picture.classNames![0]!)!),
    classNames,
  });
  const { accuracy, balancedAccuracy, macro, calibration, perClass } = metrics;
  return {
    pictures: measured.length,
    figures: { accuracy, balancedAccuracy, F1: macro.f1, ECE: calibration.expectedError },
    metrics,
    lines: [
      `accuracy ${sayFigure(accuracy)}  F1 ${sayFigure(macro.f1)}`,
      table(
        ['class', 'precision', 'recall', 'F1', 'pictures'],
        perClass.map((row) => [
          row.className,
          sayFigure(row.precision),
          sayFigure(row.recall),
          sayFigure(row.f1),
          row.support,
        ]),
      ),
    ],
  };
}

async function segmentation(
  predictor: Predictor,
  parsed: ParsedDataset,
  pictures: readonly LabelledPicture[],
  problems: Problem[],
  session: Session,
): Promise<TaskEvaluation> {
  const { classNames } = predictor;
  const indices = parsed.classNames.map((name) => {
    const index = classNames.indexOf(name);
    return index < 0 ? 255 : index;
  });
  const unknown = parsed.classNames.filter((name) => !classNames.includes(name));
  if (unknown.length === parsed.classNames.length)
    throw new FoveaError(
      'no_common_class',
      `The model knows ${classNames.join(', ')}; the data has ${parsed.classNames.join(', ')}: no class is in both. ` +
        '--class-names says what the values of label maps are.',
    );
  for (const name of unknown)
    problems.push({ file: name, code: 'unknown_class', reason: `The model does not know "${name}": left out.` });
  const counts = createLabelCounts(classNames.length);
  let measured = 0;
  await answers(predictor, pictures, problems, session, async ({ picture, answer }) => {
    const truth = mapLabels(await decodeLabelMap(await loadLabelMapBytes(picture.labelMap!)), indices);
    countLabels(counts, truth.data, answer.segmentation!.labelMap, picture.name);
    measured += 1;
  });
  const metrics = evaluateSegmentation(counts, classNames);
  const { mIoU, pixelAccuracy, meanAccuracy, meanDice, perClass } = metrics;
  return {
    pictures: measured,
    figures: { mIoU, pixelAccuracy, meanAccuracy, meanDice },
    metrics,
    lines: [
      `mIoU ${sayFigure(mIoU)}  pixel accuracy ${sayFigure(pixelAccuracy)}`,
      table(
        ['class', 'IoU', 'accuracy', 'pixels'],
        perClass.map((row) => [row.className, sayFigure(row.IoU), sayFigure(row.accuracy), row.truthPixels]),
      ),
    ],
  };
}

async function embedding(
  predictor: Predictor,
  pictures: readonly LabelledPicture[],
  problems: Problem[],
  session: Session,
): Promise<TaskEvaluation> {
  const found = new Map<LabelledPicture, Float32Array>();
  await answers(predictor, pictures, problems, session, ({ picture, answer }) => {
    found.set(picture, answer.embedding!);
  });
  const measured = pictures.filter((picture) => found.has(picture));
  const metrics = evaluateEmbeddings({
    embeddings: Float32Array.from(measured.flatMap((picture) => [...found.get(picture)!])),
    identities: measured.map((picture) => picture.classNames![0]!),
  });
  const figures = { rank1: metrics.cmc?.[0] ?? null, mAP: metrics.mAP, EER: metrics.eer };
  return {
    pictures: measured.length,
    figures,
    metrics,
    lines: [
      Object.entries(figures)
        .map(([name, value]) => `${name} ${sayFigure(value)}`)
        .join('  '),
      table(
        ['false accepts', 'true accepts'],
        metrics.tarAtFar.map(({ far, tar }) => [far, sayFigure(tar)]),
      ),
    ],
  };
}
