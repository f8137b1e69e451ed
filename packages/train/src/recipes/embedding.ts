import { evaluateEmbeddings } from '@fovea/metrics';
import type { EmbeddingNetwork } from '@fovea/models';
import { arcFaceLoss, contrastiveLoss, cosFaceLoss, tripletLoss } from '@fovea/nn';
import type { Value } from '@fovea/onnx';
import { classRuns } from '../loading/order.js';
import type { PlannedPicture, TrainPlan } from '../plan.js';
import type { Evaluator, Recipe } from './recipe.js';

/** Pictures of one class that follow one another where the loss compares pictures. */
const perClass = 4;

/** Pictures of one class close together, of different ones apart: by class directions, or by pairs and triplets. */
export function embedding(plan: TrainPlan, network: EmbeddingNetwork): Recipe {
  const { classNames, loss: settings } = plan;
  const compares = settings.name === 'triplet' || settings.name === 'contrastive';
  return {
    network,
    slots: [{ name: 'targets', dtype: 'float32', shape: [classNames.length] }],
    shownMetrics: ['rank1', 'mAP'],
    ...(compares ? { picker: classRuns(perClass) } : {}),

    loss({ graph }, outputs, { targets }, scale) {
      const { embedding: vectors, classWeights } = outputs as { embedding: Value; classWeights: Value };
      const each = {
        arcface: () => arcFaceLoss(graph, vectors, classWeights, targets!),
        cosface: () => cosFaceLoss(graph, vectors, classWeights, targets!),
        triplet: () => tripletLoss(graph, vectors, targets!),
        contrastive: () => contrastiveLoss(graph, vectors, targets!),
      }[settings.name as 'arcface']();
      const loss = graph.node('Mul', [graph.node('ReduceSum', [each], { keepdims: 0 }), scale]);
      return { loss, parts: { [settings.name]: loss } };
    },

    fill(_sample, views, { classIndices }) {
      const targets = views.targets as Float32Array;
      targets.fill(0);
      targets[classIndices![0]!] = 1;
      return 1;
    },

    evaluator: (pictures) => embeddingEvaluator(pictures, network.dimensions),
  };
}

function embeddingEvaluator(pictures: readonly PlannedPicture[], dimensions: number): Evaluator {
  const embeddings = new Float32Array(pictures.length * dimensions);
  const rows = new Map(pictures.map((picture, row) => [picture, row]));
  return {
    add(picture, { embedding: vector }) {
      embeddings.set(vector!.data as Float32Array, rows.get(picture)! * dimensions);
    },
    finish() {
      const identities = pictures.map(({ classIndices }) => classIndices![0]!);
      const details = evaluateEmbeddings({ embeddings, identities });
      const tar = details.tarAtFar.find(({ far }) => far === 0.01)?.tar ?? null;
      const metrics = { rank1: details.cmc?.[0] ?? null, mAP: details.mAP, EER: details.eer, 'TAR@FAR=0.01': tar };
      return { metrics, details, samples: [] };
    },
  };
}
