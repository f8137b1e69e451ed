import type { Task } from '@fovea/models';

/** Losses by task; the first is the default. */
export const lossNames = {
  detection: ['quality-focal', 'varifocal', 'focal'],
  classification: ['cross-entropy', 'focal'],
  segmentation: ['cross-entropy', 'cross-entropy+dice', 'focal'],
  embedding: ['arcface', 'cosface', 'triplet', 'contrastive'],
} as const satisfies Record<Task, readonly string[]>;

/** What is minimized, and how. */
export interface LossSettings {
  readonly name: string;
  /** Part of the certainty of a label that is spread over all classes (Szegedy et al. 2016), in [0, 1). */
  readonly labelSmoothing?: number;
  /** Overlap of boxes that the box loss raises. */
  readonly box?: 'giou' | 'diou' | 'ciou' | 'iou';
  /** A model whose probabilities are learnt along with the labels (Hinton et al. 2015); an ONNX file of the same classes. */
  readonly teacherPath?: string;
}
