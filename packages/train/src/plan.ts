import type { Xyxy } from '@fovea/annotations';
import type { AugmentPolicy } from '@fovea/image';
import type { Task } from '@fovea/models';
import type { OptimizerSettings, ScheduleSettings } from '@fovea/optim';
import type { DeviceName } from '@fovea/runtime';
import type { RunProgress } from './progress.js';
import type { LossSettings } from './settings.js';

/** A picture of the snapshot, with where its bytes lie. */
export interface PlannedPicture {
  /** Of the file's bytes: what is kept of the picture is kept under it. */
  readonly sha256: string;
  readonly name: string;
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly split: 'train' | 'val' | 'test';
  readonly annotations: readonly PlannedBox[];
  /** `false` where nobody said which boxes there are: no boxes then does not mean background. */
  readonly boxed?: false;
  /** Classes of the picture as a whole. */
  readonly classIndices?: readonly number[];
  /** A PNG of one byte per pixel: class index, 255 for unlabelled. */
  readonly labelMapPath?: string;
  /** SHA-256 of the label map's file, where it is known. */
  readonly labelMapSha256?: string;
}

/** Pictures in a file, one JSON line each, with a file of rows beside it that says where each line lies. */
export interface IndexedPictures {
  readonly path: string;
  readonly count: number;
  /** Of the SHA-256s of pictures and label maps, in order: the same digest is the same pixels. */
  readonly digest: string;
}

/** Where decoded pictures are kept, and how many bytes of them. */
export interface PlannedCache {
  /** Shared by all runs of a home. */
  readonly folder: string;
  /** At the most over all that is kept in the folder, as asked for; `null` for what is usual. */
  readonly bytes: number | null;
}

/** A box as a snapshot has it. */
export interface PlannedBox {
  readonly classIndex: number;
  readonly box: Xyxy;
  readonly isCrowd?: boolean;
}

/** Where the weights of a fine-tuned model come from. */
export interface PlannedSource {
  /** As a person named it: for the log and the card. */
  readonly name: string;
  /** A name of the catalogue, or a path. */
  readonly from: string;
  /** Patterns of initializers that stay as they are; `*` stands for anything. */
  readonly freeze: readonly string[];
  /** Tensors the body ends at; by default as the catalogue or the graph suggests. */
  readonly cut: readonly string[] | null;
  /** The input its weights were made for, and what the sides of another must be multiples of. */
  readonly input: { readonly width: number; readonly height: number; readonly multiple: number };
}

/** Everything the training process is told: it knows neither the database nor the project. */
export interface TrainPlan {
  readonly task: Task;
  readonly classNames: readonly string[];
  /** To train on. */
  readonly train: IndexedPictures;
  /** To validate on. */
  readonly val: IndexedPictures;
  readonly cache: PlannedCache;
  readonly source: PlannedSource | null;
  readonly seed: number;
  readonly epochs: number | null;
  readonly timeLimitSeconds: number | null;
  /** Pictures the optimizer sees at a time, divided among `workers` and `accumulate` turns. */
  readonly batchSize: number;
  readonly accumulate: number;
  readonly workers: number;
  readonly width: number;
  readonly height: number;
  readonly optimizer: OptimizerSettings;
  readonly schedule: ScheduleSettings;
  readonly augment: AugmentPolicy;
  readonly loss: LossSettings;
  /** The metric that decides which weights are kept. */
  readonly monitor: string;
  /** Evaluations without a better `monitor` after which training ends; `null` for never. */
  readonly patience: number | null;
  readonly device: DeviceName;
  readonly checkpointPath: string;
  readonly modelPath: string;
}

/** What a model in training says of a picture, for people to look at. */
export interface SamplePrediction {
  readonly sha256: string;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly groundTruth: readonly { readonly className: string; readonly box?: Xyxy }[];
  readonly predictions: readonly {
    readonly className: string;
    readonly classIndex: number;
    readonly box?: Xyxy;
    readonly confidence: number;
  }[];
  readonly labelMaps?: SampleLabelMaps;
}

/** Classes of a picture's pixels, true and predicted, small enough to look at. */
export interface SampleLabelMaps {
  /** 8-bit grey PNGs in base64, of one size: class indices, 255 unlabelled. */
  readonly truth: string;
  readonly predicted: string;
  /** Share of the whole picture's labelled pixels that are predicted right, in [0, 1]; `null` where none is labelled. */
  readonly pixelAccuracy: number | null;
}

/** What the training process says. */
export type TrainerMessage =
  | { readonly type: 'progress'; readonly progress: RunProgress }
  | {
      readonly type: 'metrics';
      readonly values: readonly { name: string; step: number; epoch: number; value: number }[];
    }
  | { readonly type: 'samples'; readonly epoch: number; readonly pictures: readonly SamplePrediction[] }
  | { readonly type: 'log'; readonly text: string }
  | { readonly type: 'checkpoint'; readonly step: number }
  /** Asks where the bytes of this SHA-256 are to be had: they are not where the plan says. */
  | { readonly type: 'locate'; readonly sha256: string }
  | { readonly type: 'stopped'; readonly step: number }
  | {
      readonly type: 'finished';
      /** Figures on the validation pictures by name, `null` where one is not defined. */
      readonly metrics: Readonly<Record<string, number | null>> | null;
      /** The whole evaluation, with what it is per class. */
      readonly evaluation: object | null;
      /** What the model is, for its card. */
      readonly description: string;
      readonly parameters: number;
      readonly step: number;
    }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };

/** What the training process is told on its way. */
export type TrainerOrder =
  | { readonly type: 'stop' }
  /** The answer to `locate`: a path, or why there is none. */
  | { readonly type: 'located'; readonly sha256: string; readonly path?: string; readonly error?: string };
