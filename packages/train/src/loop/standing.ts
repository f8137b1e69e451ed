/** What a run has reached, besides its vectors: kept in the checkpoint. */
export interface Standing {
  step: number;
  elapsedSeconds: number;
  /** Evaluations done, of those that divide the run. */
  evaluated: number;
  /** Best value of the watched metric; `null` before the first evaluation. */
  best: number | null;
  /** Evaluations since the best one. */
  sinceBest: number;
  /** Longest evaluation so far, for the time to keep back. */
  evaluationSeconds: number;
}

/** The standing of a run that begins. */
export function freshStanding(): Standing {
  return { step: 0, elapsedSeconds: 0, evaluated: 0, best: null, sinceBest: 0, evaluationSeconds: 2 };
}
