import type { AugmentedSample, AugmentTarget, Letterbox } from '@fovea/image';
import type { Network } from '@fovea/models';
import type { BuildContext } from '@fovea/nn';
import type { Shape, TensorData, Value } from '@fovea/onnx';
import type { Picker } from '../loading/order.js';
import type { PlannedPicture, SamplePrediction } from '../plan.js';

/** One array of a batch: an input of the step graph of shape [N, ...shape]. */
export interface SlotSpec {
  readonly name: string;
  readonly dtype: 'uint8' | 'float32' | 'int32';
  /** Of one picture. */
  readonly shape: Shape;
}

/** The memory of one picture in a batch's arrays, by name. */
export type SlotViews = Readonly<Record<string, Uint8Array | Float32Array | Int32Array>>;

/** A loss to descend, a scalar, and the parts it is made of, for people to follow. */
export interface RecipeLoss {
  readonly loss: Value;
  readonly parts: Readonly<Record<string, Value>>;
  /** Values taken as constants: nothing flows back through them. */
  readonly stops?: readonly Value[];
}

/** What a network's outputs are for one picture: a view of the batch's arrays. */
export type PictureOutputs = Readonly<Record<string, { readonly data: TensorData; readonly shape: Shape }>>;

/** What an evaluation found. */
export interface Evaluation {
  /** Figures by name; `null` where one is not defined on these pictures. */
  readonly metrics: Readonly<Record<string, number | null>>;
  /** Everything, with what it is per class. */
  readonly details: object;
  readonly samples: readonly SamplePrediction[];
}

/** Gathers what a model says of pictures, one by one and in any order, into figures. */
export interface Evaluator {
  /** @param labels class of each pixel of the picture, where the recipe wants label maps */
  add(picture: PlannedPicture, outputs: PictureOutputs, placed: Letterbox, labels?: Uint8Array): void | Promise<void>;
  finish(): Evaluation;
}

/** How a task is learnt: what a batch holds, what is minimized, how the result is measured. */
export interface Recipe {
  readonly network: Network;
  /** Arrays of a batch besides `pictures` and `colours`. */
  readonly slots: readonly SlotSpec[];
  /** The metrics it gives, the first few for one line of a log. */
  readonly shownMetrics: readonly string[];
  /** Whether pictures are read with their label maps. */
  readonly wantsLabelMap?: boolean;
  /** Order in which pictures are drawn; by default each once an epoch. */
  readonly picker?: Picker;
  /**
   * @param outputs of the network.
   * @param batch the arrays of the batch as values of the graph, [N, ...], and `images` as the network sees them.
   * @param scale [1], one over what `fill` counted, times the number of workers: shares of a batch then average to it.
   */
  loss(
    context: BuildContext,
    outputs: Readonly<Record<string, Value>>,
    batch: Readonly<Record<string, Value>>,
    scale: Value,
  ): RecipeLoss;
  /** Writes a picture's targets; gives how much it counts in the mean the loss is. */
  fill(sample: AugmentedSample & AugmentTarget, views: SlotViews, picture: PlannedPicture): number;
  evaluator(pictures: readonly PlannedPicture[]): Evaluator;
}
