import { decodeSpec } from '@fovea/models';
import { distillationLoss } from '@fovea/nn';
import { addGraph, type Graph, type GraphBuilder, loadModel, tensorOf, upgradeModel, type Value } from '@fovea/onnx';
import { TrainError } from '../error.js';

/** A trained classifier whose answers are learnt along with the labels. */
export interface Teacher {
  readonly graph: Graph;
  readonly input: string;
  readonly output: string;
  readonly width: number;
  readonly height: number;
}

/**
 * Opens a teacher: a classifier that Fovea trained, of the same classes in the same order.
 *
 * @throws TrainError `teacher_does_not_fit`.
 */
export async function openTeacher(path: string, classNames: readonly string[]): Promise<Teacher> {
  const model = upgradeModel(await loadModel(path));
  const spec = decodeSpec(model);
  if (spec.task !== 'classification' || spec.classNames.join('\n') !== classNames.join('\n'))
    throw new TrainError(
      'teacher_does_not_fit',
      `The teacher is for ${spec.task} of ${spec.classNames.join(', ')}; it must be for classification of ${classNames.join(', ')}, in this order.`,
    );
  const { name, width, height } = spec.input;
  return { graph: model.graph, input: name, output: spec.output.probabilities, width, height };
}

/**
 * What learning from a teacher costs, per picture: the distance of the student's softened classes to the teacher's
 * (Hinton et al. 2015). The teacher's logits are the logarithms of its probabilities, which softmax takes as such.
 *
 * @param images float32 [N, 3, H, W], RGB 0-255, as the student sees them.
 * @param logits of the student, [N, C].
 */
export function teach(graph: GraphBuilder, teacher: Teacher, images: Value, logits: Value): Value {
  const [, , height, width] = images.shape as [number, number, number, number];
  const factors = tensorOf('float32', [1, 1, teacher.height / height, teacher.width / width]);
  const fits = teacher.width === width && teacher.height === height;
  const seen = fits
    ? images
    : graph.node('Resize', [images, null, graph.constant(factors)], {
        mode: 'linear',
        coordinate_transformation_mode: 'half_pixel',
      });
  const values = addGraph(graph, teacher.graph, { [teacher.input]: seen }, { prefix: 'teacher/' });
  const probabilities = values.get(teacher.output)!;
  const known = graph.node('Log', [graph.node('Max', [probabilities, graph.scalar(1e-8)])]);
  return distillationLoss(graph, logits, known);
}
