import { seededRandom } from '@fovea/nn';

/** What a {@link Picker} knows of the pictures. */
export interface PickFrom {
  readonly count: number;
  /** Of each class the numbers of its pictures, where the picker goes by class; empty otherwise. */
  readonly members: ReadonlyMap<number, readonly number[]>;
}

/**
 * The order in which an epoch draws pictures: their numbers, as many as there are pictures. It depends on the seed and
 * the epoch alone, so that a resumed run sees what it would have seen.
 */
export interface Picker {
  readonly byClass: boolean;
  draw(from: PickFrom, random: () => number): Uint32Array;
}

/** Puts `items` in a random order, in place (Fisher and Yates). */
export function shuffle<T extends { [index: number]: number; length: number }>(items: T, random: () => number): T {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}

/** Each picture once. */
export const everyPicture: Picker = {
  byClass: false,
  draw({ count }, random) {
    const order = new Uint32Array(count);
    for (let i = 0; i < count; i++) order[i] = i;
    return shuffle(order, random);
  },
};

/**
 * Runs of `perClass` pictures of one class, so that every batch holds pairs (P x K sampling, Hermans et al. 2017,
 * arXiv:1703.07737). Classes take turns; one with fewer pictures repeats some.
 */
export function classRuns(perClass: number): Picker {
  function draw({ count, members }: PickFrom, random: () => number): Uint32Array {
    const left = new Map<number, number[]>();
    const take = (classIndex: number) => {
      const rest = left.get(classIndex);
      if (rest?.length) return rest.pop()!;
      const fresh = shuffle([...members.get(classIndex)!], random);
      left.set(classIndex, fresh);
      return fresh.pop()!;
    };
    const order = new Uint32Array(count);
    let round: number[] = [];
    for (let at = 0; at < order.length; ) {
      if (round.length === 0) round = shuffle([...members.keys()], random);
      const classIndex = round.pop()!;
      for (let k = 0; k < perClass && at < order.length; k++) order[at++] = take(classIndex);
    }
    return order;
  }
  return { byClass: true, draw };
}

/** The number of the picture at each place in a run: place n lies in epoch n / pictures. */
export function createOrder(from: PickFrom, seed: number, picker: Picker = everyPicture) {
  let known: { epoch: number; numbers: Uint32Array } | undefined;
  return function pictureAt(n: number): number {
    const epoch = Math.floor(n / from.count);
    if (known?.epoch !== epoch) {
      const random = seededRandom(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(epoch + 1, 0x85ebca6b));
      known = { epoch, numbers: picker.draw(from, random) };
    }
    return known.numbers[n % from.count]!;
  };
}

/** Numbers in [0, 1) of the n-th place of a run. */
export function randomAt(seed: number, n: number): () => number {
  return seededRandom(Math.imul(seed + 1, 0xc2b2ae35) ^ Math.imul(n + 1, 0x27d4eb2f));
}
