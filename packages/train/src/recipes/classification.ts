import { evaluateClassification } from '@fovea/metrics';
import type { ClassificationNetwork } from '@fovea/models';
import { crossEntropyLoss, focalSoftmaxLoss } from '@fovea/nn';
import type { Value } from '@fovea/onnx';
import type { PlannedPicture, TrainPlan } from '../plan.js';
import type { Evaluator, Recipe, RecipeLoss } from './recipe.js';
import { type Teacher, teach } from './teacher.js';

/** Pictures shown to people. */
const shownPictures = 12;

/** One class for a whole picture: softmax and cross-entropy over targets that may be mixed. */
export function classification(plan: TrainPlan, network: ClassificationNetwork, teacher: Teacher | null): Recipe {
  const { classNames, loss: settings } = plan;
  const classes = classNames.length;
  return {
    network,
    slots: [{ name: 'targets', dtype: 'float32', shape: [classes] }],
    shownMetrics: ['accuracy', 'F1'],

    loss(context, outputs, { targets, images }, scale): RecipeLoss {
      const { graph } = context;
      const { logits } = outputs as { logits: Value };
      const each =
        settings.name === 'focal'
          ? focalSoftmaxLoss(graph, logits, targets!)
          : crossEntropyLoss(graph, logits, targets!, { labelSmoothing: settings.labelSmoothing ?? 0.1 });
      const total = (value: Value) => graph.node('Mul', [graph.node('ReduceSum', [value], { keepdims: 0 }), scale]);
      const own = total(each);
      if (!teacher) return { loss: own, parts: { class: own } };
      const taught = total(teach(graph, teacher, images!, logits));
      return { loss: graph.node('Add', [own, taught]), parts: { class: own, teacher: taught } };
    },

    fill({ classes: labels }, views) {
      const targets = views.targets as Float32Array;
      targets.fill(0);
      for (const { classIndex, weight } of labels) targets[classIndex]! += weight;
      return 1;
    },

    evaluator: (pictures) => classificationEvaluator(pictures, classNames),
  };
}

function classificationEvaluator(pictures: readonly PlannedPicture[], classNames: readonly string[]): Evaluator {
  const found = new Map<PlannedPicture, Float32Array>();
  return {
    add(picture, { probabilities }) {
      found.set(picture, (probabilities!.data as Float32Array).slice());
    },
    finish() {
      const classes = classNames.length;
      const probabilities = new Float32Array(pictures.length * classes);
      pictures.forEach((picture, row) => {
        probabilities.set(found.get(picture)!, row * classes);
      });
      const labels = pictures.map(({ classIndices }) => classIndices![0]!);
      const details = evaluateClassification({ probabilities, labels, classNames });
      const samples = pictures.slice(0, shownPictures).map((picture) => ({
        sha256: picture.sha256,
        name: picture.name,
        width: picture.width,
        height: picture.height,
        groundTruth: picture.classIndices!.map((index) => ({ className: classNames[index]! })),
        predictions: Array.from(found.get(picture)!, (confidence, classIndex) => ({
          className: classNames[classIndex]!,
          classIndex,
          confidence,
        }))
          .sort((a, b) => b.confidence - a.confidence)
          .slice(0, 3),
      }));
      const { accuracy, macro, calibration, logLoss } = details;
      return { metrics: { accuracy, F1: macro.f1, ECE: calibration.expectedError, logLoss }, details, samples };
    },
  };
}
