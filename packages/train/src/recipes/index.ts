import {
  type ClassificationNetwork,
  classifierNetwork,
  type DetectionNetwork,
  detectorNetwork,
  type EmbeddingNetwork,
  embedderNetwork,
  finetuneNetwork,
  type Network,
  openPretrainedSource,
  type SegmentationNetwork,
  segmenterNetwork,
} from '@fovea/models';
import type { TrainPlan } from '../plan.js';
import { classification } from './classification.js';
import { detection } from './detection/index.js';
import { embedding } from './embedding.js';
import type { Recipe } from './recipe.js';
import { segmentation } from './segmentation.js';
import { openTeacher } from './teacher.js';

/** The network of a plan: fresh, or a pretrained one with a new head. */
async function networkOf(plan: TrainPlan): Promise<Network> {
  const { task, width, height, source } = plan;
  // Losses on pairs have no directions of classes to learn.
  const compares = plan.loss.name === 'triplet' || plan.loss.name === 'contrastive';
  const classes = compares ? 0 : plan.classNames.length;
  if (source) {
    const { freeze, cut } = source;
    const from = await openPretrainedSource(source.from);
    const classNames = compares ? [] : plan.classNames;
    return finetuneNetwork({ from, task, classNames, width, height, freeze, ...(cut ? { cut } : {}) });
  }
  switch (task) {
    case 'detection':
      return detectorNetwork({ classes, width, height });
    case 'classification':
      return classifierNetwork({ classes, width, height });
    case 'segmentation':
      return segmenterNetwork({ classes, width, height });
    case 'embedding':
      return embedderNetwork({ classes, width, height });
  }
}

/** The recipe of a plan's task, with its network. */
export async function recipeOf(plan: TrainPlan): Promise<Recipe> {
  const network = await networkOf(plan);
  switch (plan.task) {
    case 'detection':
      return detection(plan, network as DetectionNetwork);
    case 'classification': {
      const { teacherPath } = plan.loss;
      const teacher = teacherPath === undefined ? null : await openTeacher(teacherPath, plan.classNames);
      return classification(plan, network as ClassificationNetwork, teacher);
    }
    case 'segmentation':
      return segmentation(plan, network as SegmentationNetwork);
    case 'embedding':
      return embedding(plan, network as EmbeddingNetwork);
  }
}
