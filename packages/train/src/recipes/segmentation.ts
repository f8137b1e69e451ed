import { unlabelled } from '@fovea/image';
import { loadLabelMap, mapLabels } from '@fovea/lake';
import { countLabels, createLabelCounts, evaluateSegmentation } from '@fovea/metrics';
import { type SegmentationNetwork, unplaceLabels } from '@fovea/models';
import { denseCrossEntropy, denseFocal, diceLoss } from '@fovea/nn';
import type { Value } from '@fovea/onnx';
import type { PlannedPicture, TrainPlan } from '../plan.js';
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

    evaluator: () => segmentationEvaluator(network, classNames),
  };
}

function segmentationEvaluator(network: SegmentationNetwork, classNames: readonly string[]): Evaluator {
  const counts = createLabelCounts(classNames.length);
  // What is beyond the classes counts as unlabelled.
  const known = classNames.map((_, index) => index);
  return {
    async add(picture: PlannedPicture, { labels }, placed) {
      const truth = mapLabels(await loadLabelMap(picture.labelMapPath!), known);
      const { width, height } = truth;
      const found = unplaceLabels(labels!.data as Uint8Array, network.width, network.height, {
        width,
        height,
        fit: placed,
      });
      countLabels(counts, truth.data, found, picture.name);
    },
    finish() {
      const details = evaluateSegmentation(counts, classNames);
      const { mIoU, pixelAccuracy, meanAccuracy, meanDice } = details;
      return { metrics: { mIoU, pixelAccuracy, meanAccuracy, meanDice }, details, samples: [] };
    },
  };
}
