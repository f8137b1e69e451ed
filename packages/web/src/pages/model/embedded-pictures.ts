import { useCallback, useEffect, useRef, useState } from 'react';
import { predictPicture, type ShownPrediction } from './prediction.js';

/** A picture given to an embedder. */
export interface EmbeddedPicture extends ShownPrediction<'embedding'> {
  readonly id: number;
}

/** Pictures kept to compare; of more the oldest goes. */
const most = 24;

/** The cosine similarity of two pictures, from -1 to 1: their vectors have length 1. */
export function similarity(a: EmbeddedPicture, b: EmbeddedPicture): number {
  return a.answer.embedding.reduce((sum, value, index) => sum + value * b.answer.embedding[index]!, 0);
}

/** Pictures given to an embedder, in the order they came, one of them the one the others are compared with. */
export function useEmbeddedPictures(model: string, version: number) {
  const [pictures, setPictures] = useState<readonly EmbeddedPicture[]>([]);
  const [waiting, setWaiting] = useState(0);
  const [error, setError] = useState<unknown>(null);
  const kept = useRef<readonly EmbeddedPicture[]>([]);
  const closing = useRef<AbortController>(null);
  const next = useRef(0);

  useEffect(() => {
    const call = new AbortController();
    closing.current = call;
    return () => {
      call.abort();
      for (const { url } of kept.current) URL.revokeObjectURL(url);
      kept.current = [];
    };
  }, []);

  /** Gives pictures one after another, and answers those that were understood. */
  const add = useCallback(
    async (given: readonly { image: Blob; name: string }[], anchor: number | null): Promise<EmbeddedPicture[]> => {
      const { signal } = closing.current!;
      const added: EmbeddedPicture[] = [];
      setError(null);
      setWaiting((count) => count + given.length);
      for (const { image, name } of given) {
        try {
          const found = await predictPicture({ model, version, task: 'embedding' }, image, name, signal);
          if (signal.aborted) {
            URL.revokeObjectURL(found.url);
            break;
          }
          const picture = { ...found, id: next.current++ };
          const all = [...kept.current, picture];
          // The one the others are compared with stays, however old.
          const oldest = all.find(({ id }) => id !== (anchor ?? all[0]!.id))!;
          if (all.length > most) URL.revokeObjectURL(oldest.url);
          kept.current = all.length > most ? all.filter((one) => one !== oldest) : all;
          setPictures(kept.current);
          added.push(picture);
        } catch (cause) {
          if (!signal.aborted) setError(cause);
        } finally {
          setWaiting((count) => count - 1);
        }
      }
      return added;
    },
    [model, version],
  );
  return { pictures, pending: waiting > 0, error, add };
}
