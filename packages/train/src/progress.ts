/** How far a run is. */
export interface RunProgress {
  readonly phase: 'preparing' | 'training' | 'evaluating' | 'registering' | 'done';
  readonly epoch: number;
  /** Planned epochs; an estimate where a time limit decides. */
  readonly epochs: number;
  readonly step: number;
  readonly steps: number;
  readonly loss?: number;
  readonly imagesPerSecond?: number;
  readonly secondsLeft?: number;
  readonly metric?: { readonly name: string; readonly value: number };
  /** While pictures are being decoded and kept: how many are, of how many, in how many bytes. */
  readonly kept?: { readonly pictures: number; readonly of: number; readonly bytes: number };
}
