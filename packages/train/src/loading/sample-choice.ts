/** Ways to come by a sample: read as it was kept, or decoded from its file. */
export type Way = 'kept' | 'decoded';

/** Chooses the faster way, by what each has taken. */
export interface SampleChoice {
  next(): Way;
  /** @param ms from asking to having it */
  took(way: Way, ms: number): void;
}

/** Samples by which a way is judged. */
const [keptWindow, decodedWindow] = [256, 64];
/** Samples decoded before reading is tried again. */
const retryAfter = 4096;
/** Reading must be slower by this, since decoding costs processor time that training wants. */
const margin = 1.5;
/** Reading that takes no longer is not worth a look: decoding takes as long. */
const quickMs = 5;

/**
 * Decoded pixels are read unless that is slower than decoding, as with small JPEGs on a cold and slow disk, whose
 * decoded pixels are some ten times as many bytes. Both give the same bytes, so the choice changes nothing but speed.
 */
export function createSampleChoice(): SampleChoice {
  let decodingLeft = 0;
  let kept = { ms: 0, samples: 0 };
  let decoded = { ms: 0, samples: 0 };
  return {
    next: () => (decodingLeft > 0 ? 'decoded' : 'kept'),
    took(way, ms) {
      if (way === 'decoded') {
        // Older ones count less and less.
        if (decoded.samples >= 2 * decodedWindow) decoded = { ms: decoded.ms / 2, samples: decoded.samples / 2 };
        decoded = { ms: decoded.ms + ms, samples: decoded.samples + 1 };
        if (decodingLeft > 0) decodingLeft--;
        return;
      }
      kept = { ms: kept.ms + ms, samples: kept.samples + 1 };
      if (kept.samples < keptWindow) return;
      const mean = kept.ms / kept.samples;
      kept = { ms: 0, samples: 0 };
      if (mean <= quickMs) return;
      if (decoded.samples < decodedWindow) decodingLeft = decodedWindow;
      else if (mean > margin * (decoded.ms / decoded.samples)) decodingLeft = retryAfter;
    },
  };
}
