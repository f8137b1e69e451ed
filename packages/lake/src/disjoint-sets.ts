/** Things 0 to n-1 in sets that are joined pair by pair (Tarjan 1975, union by smaller member with path halving). */
export interface DisjointSets {
  /** Puts the sets of two things together. */
  join(a: number, b: number): void;
  /** The smallest member of a thing's set. */
  find(thing: number): number;
}

/** Makes `count` sets of one thing each: four bytes a thing. */
export function createDisjointSets(count: number): DisjointSets {
  const parents = Int32Array.from({ length: count }, (_, thing) => thing);
  const find = (thing: number): number => {
    let at = thing;
    while (parents[at] !== at) {
      parents[at] = parents[parents[at]!]!;
      at = parents[at]!;
    }
    return at;
  };
  return {
    find,
    join: (a, b) => {
      const [one, other] = [find(a), find(b)];
      if (one < other) parents[other] = one;
      else parents[one] = other;
    },
  };
}
