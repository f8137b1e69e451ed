import type { Prediction } from '@fovea/api';
import { useCallback, useEffect, useRef, useState } from 'react';
import { api } from '../../data/api.js';

/** Asked of the server, so that the slider has all there is to filter. */
export const leastConfidence = 0.05;

/** A picture and what the model saw in it. */
export interface ShownPrediction {
  readonly name: string;
  /** Object URL of the picture. */
  readonly url: string;
  readonly answer: Prediction;
  /** From sending the picture to having the answer, in milliseconds. */
  readonly roundTripMs: number;
}

/** Predicts one picture at a time; the last one asked wins, and the one before stays until its answer is there. */
export function usePrediction(model: string, version: number) {
  const [shown, setShown] = useState<ShownPrediction | null>(null);
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const running = useRef<AbortController>(null);
  const url = useRef<string>(null);

  useEffect(
    () => () => {
      running.current?.abort();
      if (url.current) URL.revokeObjectURL(url.current);
    },
    [],
  );

  const predict = useCallback(
    async (image: Blob, name: string) => {
      running.current?.abort();
      const call = new AbortController();
      running.current = call;
      setPending(true);
      setError(null);
      try {
        const start = performance.now();
        const answer = await api.predict(
          model,
          image,
          { version, confidence: leastConfidence },
          { signal: call.signal },
        );
        const roundTripMs = performance.now() - start;
        if (call.signal.aborted) return;
        if (url.current) URL.revokeObjectURL(url.current);
        url.current = URL.createObjectURL(image);
        setShown({ name, url: url.current, answer, roundTripMs });
      } catch (cause) {
        if (!call.signal.aborted) setError(cause);
      } finally {
        if (running.current === call) setPending(false);
      }
    },
    [model, version],
  );
  return { shown, pending, error, predict };
}
