import type { Mirror } from '../mirror/mirror.js';

/** Answers of each kind that are kept for a project. */
const KEPT = 6;

interface Kept {
  readonly version: number;
  readonly answer: Promise<unknown>;
}

const kept = new WeakMap<Mirror, Map<string, Map<string, Kept>>>();

/**
 * The answer to a question about a mirror's rows: computed, or the same as last time where no row changed since, as when
 * one page is asked for after another, or many people look at the same.
 */
export async function remember<T>(
  mirror: Mirror,
  kind: string,
  question: unknown,
  compute: () => Promise<T>,
): Promise<T> {
  const kinds = kept.get(mirror) ?? new Map<string, Map<string, Kept>>();
  kept.set(mirror, kinds);
  const answers = kinds.get(kind) ?? new Map<string, Kept>();
  kinds.set(kind, answers);
  const key = JSON.stringify(question);
  const before = answers.get(key);
  // Set anew, so that the order of the map is that of use.
  answers.delete(key);
  const now = before?.version === mirror.version ? before : { version: mirror.version, answer: compute() };
  answers.set(key, now);
  for (const oldest of answers.keys()) {
    if (answers.size <= KEPT) break;
    answers.delete(oldest);
  }
  try {
    return (await now.answer) as T;
  } catch (error) {
    answers.delete(key);
    throw error;
  }
}
