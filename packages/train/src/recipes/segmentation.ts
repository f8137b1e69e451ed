import { encodeLabelMap } from '@fovea/formats';
import { unlabelled } from '@fovea/image';
import { countLabels, createLabelCounts, evaluateSegmentation } from '@fovea/metrics';
import { type SegmentationNetwork, unplaceLabels } from '@fovea/models';
import { denseCrossEntropy, denseFocal, diceLoss } from '@fovea/nn';
import type { Value } from '@fovea/onnx';
import type { PlannedPicture, SamplePrediction, TrainPlan } from '../plan.js';
import type { Evaluator, Recipe, RecipeLoss } from './recipe.js';

/** For each cell along an axis of the output, the pixel of the input it stands for. */
export function cellPixels(pixels: number, stride: number, alignment: SegmentationNetwork['alignment']): Uint32Array {
  const cells = alignment === 'align_corners' ? Math.floor((pixels - 1) / stride) + 1 : Math.ceil(pixels / stride);
  return Uint32Array.from({ length: cells }, (_, i) => {
    if (alignment === 'asymmetric') return Math.min(pixels - 1, i * stride);
    if (alignment === 'align_corners') return Math.round((i * (pixels - 1)) / Math.max(1, cells - 1));
    return Math.min(pixels - 1, Math.floor((i + 0.5) * stride));
  });
}

/** A class for every pixel: softmax and cross-entropy at the resolution of the network's output. */
export function segmentation(plan: TrainPlan, network: SegmentationNetwork): Recipe {
  const { classNames, loss: settings } = plan;
  const { width, height, outputStride, alignment } = network;
  const columns = cellPixels(width, outputStride, alignment);
  const rows = cellPixels(height, outputStride, alignment);
  return {
    network,
    slots: [{ name: 'labels', dtype: 'uint8', shape: [rows.length, columns.length] }],
    wantsLabelMap: true,
    shownMetrics: ['mIoU', 'pixelAccuracy'],

    loss({ graph }, outputs, { labels }, scale): RecipeLoss {
      const { logits } = outputs as { logits: Value };
      const total = (value: Value) => graph.node('Mul', [graph.node('ReduceSum', [value], { keepdims: 0 }), scale]);
      const each =
        settings.name === 'focal'
          ? denseFocal(graph, logits, labels!)
          : denseCrossEntropy(graph, logits, labels!, { labelSmoothing: settings.labelSmoothing ?? 0 });
      const own = total(each);
      if (!settings.name.endsWith('dice')) return { loss: own, parts: { class: own } };
      const dice = diceLoss(graph, logits, labels!);
      return { loss: graph.node('Add', [own, dice]), parts: { class: own, dice } };
    },

    fill({ labelMap }, views) {
      const labels = views.labels as Uint8Array;
      let counted = 0;
      let at = 0;
      for (const row of rows)
        for (const column of columns) {
          const label = labelMap![row * width + column]!;
          labels[at++] = label;
          if (label !== unlabelled) counted++;
        }
      return counted;
    },

    evaluator: (pictures) => segmentationEvaluator(pictures, network, classNames),
  };
}

/** Pictures shown to people, and the longer side of their label maps. */
const [shownPictures, shownSide] = [12, 480];

/** Every so many-th pixel of a label map, such that no side is longer than `shownSide`; as PNG in base64. */
async function shownMap(data: Uint8Array, width: number, height: number): Promise<string> {
  const every = Math.ceil(Math.max(width, height) / shownSide);
  const [columns, rows] = [Math.ceil(width / every), Math.ceil(height / every)];
  const small = new Uint8Array(columns * rows);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) small[y * columns + x] = data[y * every * width + x * every]!;
  return Buffer.from(await encodeLabelMap({ data: small, width: columns, height: rows })).toString('base64');
}

/** Share of the labelled pixels of a picture that are found right; `null` where none is labelled. */
function shareRight(truth: Uint8Array, found: Uint8Array): number | null {
  let [right, labelled] = [0, 0];
  for (const [at, label] of truth.entries()) {
    if (label === unlabelled) continue;
    labelled++;
    if (found[at] === label) right++;
  }
  return labelled === 0 ? null : right / labelled;
}

function segmentationEvaluator(
  pictures: readonly PlannedPicture[],
  network: SegmentationNetwork,
  classNames: readonly string[],
): Evaluator {
  const counts = createLabelCounts(classNames.length);
  const shown = pictures.slice(0, shownPictures);
  const samples = new Map<PlannedPicture, SamplePrediction>();
  return {
    async add(picture: PlannedPicture, { labels }, placed, truth) {
      const { width, height } = picture;
      const found = unplaceLabels(labels!.data as Uint8Array, network.width, network.height, {
        width,
        height,
        fit: placed,
      });
      countLabels(counts, truth!, found, picture.name);
      if (!shown.includes(picture)) return;
      const { sha256, name } = picture;
      const labelMaps = {
        truth: await shownMap(truth!, width, height),
        predicted: await shownMap(found, width, height),
        pixelAccuracy: shareRight(truth!, found),
      };
      samples.set(picture, { sha256, name, width, height, groundTruth: [], predictions: [], labelMaps });
    },
    finish() {
      const details = evaluateSegmentation(counts, classNames);
      const { mIoU, pixelAccuracy, meanAccuracy, meanDice } = details;
      return {
        metrics: { mIoU, pixelAccuracy, meanAccuracy, meanDice },
        details,
        samples: shown.flatMap((picture) => samples.get(picture) ?? []),
      };
    },
  };
}
