import { clipBox, type Detection } from '@fovea/annotations';
import { unletterbox } from '@fovea/image';
import { evaluateDetections } from '@fovea/metrics';
import { type DetectionNetwork, decodeBoxes, decodeDetections, positionsOf } from '@fovea/models';
import { boxOverlap } from '@fovea/nn';
import type { Value } from '@fovea/onnx';
import type { PlannedPicture, TrainPlan } from '../../plan.js';
import type { Evaluator, Recipe } from '../recipe.js';
import { createAssigner } from './assign.js';
import { classLossOf } from './class-loss.js';

/** Weight of the box loss against the class loss, as in Li et al. 2020. */
const boxWeight = 2;
/** Pictures shown to people. */
const shownPictures = 12;
/** Lowest confidence that counts in AP; lower ones change it by next to nothing and cost time. */
const leastConfidence = 0.01;
/** Lowest confidence shown to people. */
const shownConfidence = 0.25;

/** Boxes of classes: dense positions, adaptive assignment, a class loss aware of overlap, and an overlap loss. */
export function detection(plan: TrainPlan, network: DetectionNetwork): Recipe {
  const { classNames, loss: settings } = plan;
  const classes = classNames.length;
  const positions = positionsOf(network).x.length;
  const assign = createAssigner(network, classes);
  return {
    network,
    slots: [
      { name: 'targetClasses', dtype: 'float32', shape: [classes, positions] },
      { name: 'targetBoxes', dtype: 'float32', shape: [4, positions] },
    ],
    shownMetrics: ['AP50', 'AP'],

    loss(context, outputs, { targetClasses, targetBoxes }, scale) {
      const { graph } = context;
      const { logits, distances } = outputs as { logits: Value; distances: Value };
      const turn = (value: Value) => graph.node('Transpose', [value], { perm: [0, 2, 1] });
      const boxes = decodeBoxes(context, distances, network.width, network.height, network.strides);
      const overlap = boxOverlap(graph, turn(boxes), turn(targetBoxes!));
      const assigned = graph.node('ReduceMax', [targetClasses!], { axes: [1], keepdims: 1 });
      const quality = graph.node('Mul', [targetClasses!, turn(overlap.iou)]);
      const total = (value: Value) => graph.node('Mul', [graph.node('ReduceSum', [value], { keepdims: 0 }), scale]);
      const classLoss = total(classLossOf(settings.name)(graph, logits, targetClasses!, quality));
      const reached = overlap[settings.box ?? 'giou'];
      const boxLoss = total(graph.node('Mul', [graph.node('Sub', [graph.scalar(1), turn(reached)]), assigned]));
      return {
        loss: graph.node('Add', [classLoss, graph.node('Mul', [boxLoss, graph.scalar(boxWeight)])]),
        parts: { class: classLoss, box: boxLoss },
        stops: [quality],
      };
    },

    fill({ boxes }, views) {
      return assign(boxes, {
        classes: views.targetClasses as Float32Array,
        boxes: views.targetBoxes as Float32Array,
      });
    },

    evaluator: (pictures) => detectionEvaluator(pictures, classNames),
  };
}

function detectionEvaluator(pictures: readonly PlannedPicture[], classNames: readonly string[]): Evaluator {
  const found = new Map<PlannedPicture, Detection[]>();
  return {
    add(picture, { boxes, scores }, placed) {
      const limits = { confidence: leastConfidence, iouThreshold: 0.6, maxDetections: 100 };
      const detections = decodeDetections(
        boxes!.data as Float32Array,
        scores!.data as Float32Array,
        classNames,
        (box) => clipBox(unletterbox(box, placed), picture.width, picture.height),
        limits,
      );
      found.set(picture, detections);
    },
    finish() {
      const details = evaluateDetections(
        pictures.map((picture) => ({
          id: picture.sha256,
          width: picture.width,
          height: picture.height,
          groundTruth: picture.annotations,
          predictions: found.get(picture)!,
        })),
        classNames,
      );
      // Pictures with something on them first: an empty road says little.
      const shown = pictures.toSorted((a, b) => Number(b.annotations.length > 0) - Number(a.annotations.length > 0));
      const samples = shown.slice(0, shownPictures).map((picture) => ({
        sha256: picture.sha256,
        name: picture.name,
        width: picture.width,
        height: picture.height,
        groundTruth: picture.annotations.map(({ classIndex, box }) => ({ className: classNames[classIndex]!, box })),
        predictions: found.get(picture)!.filter(({ confidence }) => confidence >= shownConfidence),
      }));
      const { AP, AP50, AP75 } = details;
      return { metrics: { AP, AP50, AP75 }, details, samples };
    },
  };
}
