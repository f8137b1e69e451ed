import { FoveaError } from '@fovea/annotations';
import {
  checkBoxes,
  type FormatName,
  type LabelledPicture,
  loadPicture,
  type ParsedDataset,
  parseDataset,
} from '@fovea/formats';
import { type EvalPicture, evaluateDetections } from '@fovea/metrics';
import { concurrent } from '../concurrent.js';
import { done, type Outcome } from '../outcome.js';
import { type Predictor, withPredictor } from '../predictor.js';
import { type Problem, sayProblems } from '../problems.js';
import type { CommonOptions, Session } from '../session.js';
import { table } from '../terminal.js';
import { evaluateTask } from './eval-task.js';
import { sayFigure } from './train.js';

/** Options of `fovea eval`. */
export interface EvalOptions extends CommonOptions {
  readonly model: string;
  readonly data: string;
  readonly format?: FormatName;
  readonly classNames?: string[];
  readonly split?: string;
}

// Nearly everything the model sees, as COCO's rules want it: the threshold is what the curve runs over.
const everything = { confidence: 0.001, maxDetections: 100 } as const;

/** `fovea eval`: a model's figures by COCO's rules on a labelled folder, which is read and not imported. */
export async function evalCommand(options: EvalOptions, session: Session): Promise<Outcome> {
  const whole = await parseDataset(
    options.data,
    options.format,
    options.classNames ? { classNames: options.classNames } : {},
  );
  const parsed = options.split ? { ...whole, pictures: ofSplit(whole, options.split, options.data) } : whole;
  const labelled = parsed.pictures.filter((picture) => picture.labelled);
  if (labelled.length === 0) {
    throw new FoveaError(
      'nothing_labelled',
      `There are no labelled pictures in ${options.data} to hold the model against.`,
      {
        format: parsed.format,
      },
    );
  }
  const problems: Problem[] = [...parsed.problems];
  return withPredictor(options.model, options, session, async (predictor) => {
    if (predictor.task !== 'detection') {
      const { pictures, figures, metrics, lines } = await evaluateTask(
        predictor,
        parsed,
        options.data,
        problems,
        session,
      );
      const { model, task } = predictor;
      const skipped = parsed.pictures.length - pictures;
      return done(
        { model, task, data: options.data, format: parsed.format, pictures, skipped, ...figures, metrics, problems },
        [
          `${model.name} version ${model.version} on ${pictures} pictures of ${options.data}`,
          ...lines,
          ...sayProblems(problems),
        ],
      );
    }
    requireCommonClass(predictor, parsed.classNames, options.data);
    const pictures = await predictAll(predictor, labelled, problems, session);
    const metrics = evaluateDetections(pictures, predictor.classNames);
    const { AP, AP50, AP75, perClass } = metrics;
    const json = {
      model: predictor.model,
      data: options.data,
      format: parsed.format,
      pictures: pictures.length,
      skipped: parsed.pictures.length - pictures.length,
      AP,
      AP50,
      AP75,
      metrics,
      problems,
    };
    return done(json, [
      `${predictor.model.name} version ${predictor.model.version} on ${pictures.length} pictures of ${options.data}`,
      `AP ${sayFigure(AP)}  AP50 ${sayFigure(AP50)}  AP75 ${sayFigure(AP75)}`,
      table(
        ['class', 'AP', 'AP50', 'boxes'],
        perClass.map((row) => [row.className, sayFigure(row.AP), sayFigure(row.AP50), row.groundTruth]),
      ),
      ...sayProblems(problems),
    ]);
  });
}

/** The pictures of a split, as the folder divides them. */
function ofSplit({ pictures }: ParsedDataset, split: string, data: string): LabelledPicture[] {
  const chosen = pictures.filter((picture) => picture.split === split);
  if (chosen.length > 0) return chosen;
  const known = [...new Set(pictures.flatMap((picture) => picture.split ?? []))];
  throw new FoveaError(
    'unknown_split',
    `${data} has no pictures of the split "${split}"; ${known.length > 0 ? `it has ${known.join(', ')}` : 'it is not divided'}.`,
    { split, known },
  );
}

function requireCommonClass(predictor: Predictor, classNames: readonly string[], data: string): void {
  if (classNames.some((name) => predictor.classNames.includes(name))) return;
  throw new FoveaError(
    'no_common_class',
    `The model knows ${predictor.classNames.join(', ')}; ${data} has ${classNames.join(', ') || 'no classes'}: no class is in both.`,
    { model: predictor.classNames, data: classNames },
  );
}

async function predictAll(
  predictor: Predictor,
  labelled: readonly LabelledPicture[],
  problems: Problem[],
  { terminal, signal }: Session,
): Promise<EvalPicture[]> {
  const classIndex = new Map(predictor.classNames.map((name, index) => [name, index]));
  const unknown = new Map<string, number>();
  const found = new Map<string, EvalPicture>();
  let count = 0;
  await concurrent(
    labelled,
    4,
    async (picture) => {
      try {
        const { width, height, detections } = await predictor.predict(await loadPicture(picture), everything);
        const { kept, problems: clipped } = checkBoxes(picture.annotations, width, height, picture.name);
        problems.push(...clipped);
        const groundTruth = kept.flatMap(({ className, box, isCrowd }) => {
          const index = classIndex.get(className);
          if (index === undefined) unknown.set(className, (unknown.get(className) ?? 0) + 1);
          return index === undefined ? [] : [{ classIndex: index, box, isCrowd }];
        });
        found.set(picture.name, { id: picture.name, width, height, groundTruth, predictions: [...detections] });
      } catch (error) {
        if ((error as { code?: string }).code !== 'unreadable_image') throw error;
        problems.push({ file: picture.name, code: 'unreadable_image', reason: (error as Error).message });
      }
      count += 1;
      terminal.progress({ done: count, total: labelled.length, text: 'pictures' });
    },
    signal,
  );
  terminal.endProgress();
  if (signal.aborted) throw new FoveaError('stopped_early', 'Stopped: nothing was changed.');
  for (const [name, boxes] of unknown) {
    const reason = `The model does not know the class "${name}": its ${boxes} boxes were left out.`;
    problems.push({ file: name, code: 'unknown_class', reason });
  }
  // In the order of the folder, whatever order they were done in: figures with ties then come out the same every time.
  return labelled.flatMap((picture) => found.get(picture.name) ?? []);
}
