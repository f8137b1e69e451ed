/** The best of many, as they come; see {@link createBest}. */
export interface Best {
  /** Nothing at or below it would be kept. */
  readonly worst: number;
  offer(key: number, score: number): void;
  /** Best first; equal scores by ascending key. Empties it. */
  take(): { keys: Float64Array; scores: Float32Array };
}

/** Keeps the `count` highest scores offered, in a heap whose root is the worst of them: O(log count) each at most. */
export function createBest(count: number): Best {
  const keys = new Float64Array(count);
  const scores = new Float32Array(count);
  let size = 0;
  /** Whether the item at `a` is worse than that at `b`. */
  const isWorse = (a: number, b: number) => scores[a]! < scores[b]! || (scores[a] === scores[b] && keys[a]! > keys[b]!);
  const swap = (a: number, b: number) => {
    const [key, score] = [keys[a]!, scores[a]!];
    keys[a] = keys[b]!;
    scores[a] = scores[b]!;
    keys[b] = key;
    scores[b] = score;
  };
  const sink = (from: number) => {
    for (let at = from; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let worst = at;
      if (left < size && isWorse(left, worst)) worst = left;
      if (right < size && isWorse(right, worst)) worst = right;
      if (worst === at) return;
      swap(at, worst);
      at = worst;
    }
  };
  return {
    get worst() {
      return size < count ? Number.NEGATIVE_INFINITY : (scores[0] ?? Number.POSITIVE_INFINITY);
    },
    offer(key, score) {
      if (size < count) {
        keys[size] = key;
        scores[size] = score;
        for (let at = size++; at > 0 && isWorse(at, (at - 1) >> 1); at = (at - 1) >> 1) swap(at, (at - 1) >> 1);
        return;
      }
      if (count === 0 || score < scores[0]! || (score === scores[0] && key > keys[0]!)) return;
      keys[0] = key;
      scores[0] = score;
      sink(0);
    },
    take() {
      const order = Array.from({ length: size }, (_, i) => i).sort(
        (a, b) => scores[b]! - scores[a]! || keys[a]! - keys[b]!,
      );
      const taken = {
        keys: Float64Array.from(order, (i) => keys[i]!),
        scores: Float32Array.from(order, (i) => scores[i]!),
      };
      size = 0;
      return taken;
    },
  };
}
