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
}
