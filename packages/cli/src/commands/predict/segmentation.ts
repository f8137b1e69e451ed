import { join } from 'node:path';
import { classColor } from '@fovea/annotations';
import { encodeLabelMap, UNLABELLED } from '@fovea/formats';
import { drawLabelMap } from '@fovea/image';
import { describePicture, pictureDocument, type Target, type TaskOutput, writeWhole } from './output.js';

interface Row extends ReturnType<typeof describePicture> {
  /** Path of the PNG whose values are class indices, from the folder of `predictions.json`. */
  readonly labelMap: string;
  /** Path of the picture tinted in the colours of its classes. */
  readonly overlay: string;
  /** Classes that are in it, the largest first. */
  readonly classes: readonly { className: string; classIndex: number; share: number }[];
}

/** Pixels: a label map and a tinted picture each, in the folders `labels` and `overlays`. */
export function segmentationOutput({ predictor, out }: Target): TaskOutput<Row> {
  const classes = predictor.classNames.map((className, classIndex) => {
    return { className, classIndex, color: classColor(classIndex) };
  });
  return {
    async take(predicted) {
      const { stem, bytes, answer } = predicted;
      const { labelMap: data, classNames, shares } = answer.segmentation!;
      const labelMap = `labels/${stem}.png`;
      const overlay = `overlays/${stem}.jpg`;
      await writeWhole(join(out, labelMap), await encodeLabelMap({ data, width: answer.width, height: answer.height }));
      await writeWhole(join(out, overlay), await drawLabelMap(bytes, data));
      return { ...describePicture(predicted), labelMap, overlay, classes: presentClasses(classNames, shares) };
    },
    document: (rows) => pictureDocument(predictor, { classes, unlabelled: UNLABELLED }, rows),
    summary: (rows, pictures) => {
      const pixels = rows.reduce((sum, { width, height }) => sum + width * height, 0);
      const shareOf = (index: number) =>
        rows.reduce((sum, row) => {
          const share = row.classes.find(({ classIndex }) => classIndex === index)?.share ?? 0;
          return sum + share * row.width * row.height;
        }, 0) / Math.max(1, pixels);
      const shares = presentClasses(
        predictor.classNames,
        predictor.classNames.map((_, index) => shareOf(index)),
      );
      const shown = shares.slice(0, 5).map(({ className, share }) => `${className} ${(share * 100).toFixed(1)} %`);
      return {
        json: { shares: Object.fromEntries(shares.map(({ className, share }) => [className, share])) },
        line: `${pictures}: ${shown.join(', ')}`,
        beside: 'the folders labels and overlays',
      };
    },
  };
}

/** Classes with any pixels, the largest first. */
function presentClasses(classNames: readonly string[], shares: readonly number[]) {
  return classNames
    .map((className, classIndex) => ({ className, classIndex, share: shares[classIndex]! }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
}
