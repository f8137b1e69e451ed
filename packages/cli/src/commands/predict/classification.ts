import { describePicture, pictureDocument, type Target, type TaskOutput } from './output.js';

interface Row extends ReturnType<typeof describePicture> {
  readonly classes: readonly { className: string; classIndex: number; confidence: number }[];
}

/** Classes: of each picture the likeliest, best first. Nothing is drawn: the picture would look as it did. */
export function classificationOutput({ predictor }: Target): TaskOutput<Row> {
  const { classNames } = predictor;
  return {
    take: async (predicted) => ({
      ...describePicture(predicted),
      classes: predicted.answer.classes!.map(({ probability, ...of }) => ({ ...of, confidence: probability })),
    }),
    document: (rows) => pictureDocument(predictor, { classNames }, rows),
    summary: (rows, pictures) => {
      const first = new Map<string, number>();
      for (const { classes } of rows) {
        const { className } = classes[0]!;
        first.set(className, (first.get(className) ?? 0) + 1);
      }
      const ranked = [...first].sort(([, a], [, b]) => b - a);
      const shown = ranked.slice(0, 5).map(([name, count]) => `${name} ${count}`);
      if (ranked.length > shown.length) shown.push(`${ranked.length - shown.length} more classes`);
      return { json: { likeliest: Object.fromEntries(ranked) }, line: `${pictures}: ${shown.join(', ')}` };
    },
  };
}
