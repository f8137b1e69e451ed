import { focalLoss, qualityFocalLoss, varifocalLoss } from '@fovea/nn';
import type { GraphBuilder, Value } from '@fovea/onnx';

/**
 * A class loss, element by element over [N, C, P].
 *
 * @param assigned 1 where the position answers for a box of the class.
 * @param quality the overlap reached there, 0 elsewhere.
 */
type ClassLoss = (graph: GraphBuilder, logits: Value, assigned: Value, quality: Value) => Value;

const losses: Readonly<Record<string, ClassLoss>> = {
  'quality-focal': (graph, logits, _assigned, quality) => qualityFocalLoss(graph, logits, quality),
  varifocal: (graph, logits, _assigned, quality) => varifocalLoss(graph, logits, quality),
  focal: (graph, logits, assigned) => focalLoss(graph, logits, assigned),
};

/** The class loss of a name among `lossNames.detection`. */
export const classLossOf = (name: string): ClassLoss => losses[name]!;
