import type { Xyxy } from '@fovea/annotations';
import type { DetectionMetrics } from '@fovea/metrics';
import type { RunProgress } from '../progress.js';

/** A picture of the snapshot, with where its bytes lie. */
export interface PlannedPicture {
  readonly sha256: string;
  readonly name: string;
  readonly path: string;
  readonly width: number;
  readonly height: number;
  readonly split: 'train' | 'val' | 'test';
  readonly annotations: readonly { readonly classIndex: number; readonly box: Xyxy; readonly isCrowd?: boolean }[];
}

/** Everything the training process is told: it knows neither the database nor the project. */
export interface DetectionPlan {
  readonly classNames: readonly string[];
  readonly pictures: readonly PlannedPicture[];
  readonly seed: number;
  readonly epochs: number | null;
  readonly timeLimitSeconds: number | null;
  readonly batchSize: number;
  readonly workers: number;
  readonly width: number;
  readonly height: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly checkpointPath: string;
  readonly modelPath: string;
}

/** One thing found in a picture, for people to look at. */
export interface SamplePrediction {
  readonly sha256: string;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly groundTruth: readonly { readonly className: string; readonly box: Xyxy }[];
  readonly predictions: readonly {
    readonly className: string;
    readonly classIndex: number;
    readonly box: Xyxy;
    readonly confidence: number;
  }[];
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
  | { readonly type: 'stopped'; readonly step: number }
  | {
      readonly type: 'finished';
      readonly metrics: DetectionMetrics | null;
      readonly parameters: number;
      readonly step: number;
    }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };
