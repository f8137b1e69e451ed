import type { PredictionOf, PredictQuery, Task } from '@fovea/api';
import { useCallback, useEffect, useRef, useState } from 'react';
import { api } from '../../data/api.js';

/** Asked of the server, so that the slider has all there is to filter. */
export const leastConfidence = 0.05;

/** Asked of the server: more bars than this nobody reads. */
const mostClasses = 20;

/** What is asked of a model beside its version. */
const queries: Readonly<Record<Task, PredictQuery>> = {
  detection: { confidence: leastConfidence },
  classification: { topK: mostClasses },
  segmentation: {},
  embedding: {},
};

/** A picture and what the model saw in it. */
export interface ShownPrediction<T extends Task> {
  readonly name: string;
  /** Object URL of the picture. */
  readonly url: string;
  readonly answer: PredictionOf<T>;
  /** From sending the picture to having the answer, in milliseconds. */
  readonly roundTripMs: number;
}

/** Predicts one picture; the caller revokes its URL. The answer is of the task in the model's card. */
export async function predictPicture<T extends Task>(
  { model, version, task }: { model: string; version: number; task: T },
  image: Blob,
  name: string,
  signal: AbortSignal,
): Promise<ShownPrediction<T>> {
  const start = performance.now();
  const answer = await api.predict(model, image, { version, ...queries[task] }, { signal });
  const roundTripMs = performance.now() - start;
  return { name, url: URL.createObjectURL(image), answer: answer as PredictionOf<T>, roundTripMs };
}

/** Predicts one picture at a time; the last one asked wins, and the one before stays until its answer is there. */
export function usePrediction<T extends Task>(model: string, version: number, task: T) {
  const [shown, setShown] = useState<ShownPrediction<T> | null>(null);
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
        const found = await predictPicture({ model, version, task }, image, name, call.signal);
        if (call.signal.aborted) return URL.revokeObjectURL(found.url);
        if (url.current) URL.revokeObjectURL(url.current);
        url.current = found.url;
        setShown(found);
      } catch (cause) {
        if (!call.signal.aborted) setError(cause);
      } finally {
        if (running.current === call) setPending(false);
      }
    },
    [model, version, task],
  );
  return { shown, pending, error, predict };
}
