import type { NeighbourGraph } from './neighbour-graph.js';

/** A picture whose class is likely wrong. */
export interface ClassMistake {
  /** Position among the pictures. */
  readonly at: number;
  readonly given: number;
  /** The class it is likelier of. */
  readonly likely: number;
  /** Probability of the likely class less that of the given one, in (0, 1]: higher is more surely wrong. */
  readonly score: number;
  /** Whether confident learning counts it as wrong, not merely as doubtful. */
  readonly isConfident: boolean;
}

/**
 * Probabilities of the classes of each picture from its neighbours alone, itself left out: each neighbour votes for its
 * class, nearer ones with more weight. Neighbours without a class do not vote; where none votes, all are alike.
 *
 * @param labels class of each picture, -1 for none
 * @returns [pictures, classes], rows of sum 1
 */
export function computeNeighbourProbabilities(
  { neighbours, distances, count }: NeighbourGraph,
  labels: ArrayLike<number>,
  classes: number,
): Float64Array {
  const probabilities = new Float64Array(labels.length * classes);
  for (let at = 0; at < labels.length; at++) {
    const own = probabilities.subarray(at * classes, (at + 1) * classes);
    // The furthest neighbour counts a fifth of the nearest, whatever the scale of a model's distances.
    const [near, far] = [distances[at * count]!, distances[(at + 1) * count - 1]!];
    const scale = Math.max(1e-9, far - near) / Math.log(5);
    let sum = 0;
    for (let i = at * count; i < (at + 1) * count; i++) {
      const label = labels[neighbours[i]!]!;
      if (label < 0) continue;
      const weight = Math.exp((near - distances[i]!) / scale);
      own[label]! += weight;
      sum += weight;
    }
    // One vote more, shared by all classes, so that a few votes are never certain.
    for (let c = 0; c < classes; c++)
      own[c] = ((sum > 0 ? (count * own[c]!) / sum : count / classes) + 1 / classes) / (count + 1);
  }
  return probabilities;
}

/**
 * Pictures likelier of another class than of the one they were given, by the margin between the two, likeliest wrong
 * first. Which of them are surely wrong is said by confident learning (Northcutt, Jiang and Chuang 2021,
 * arXiv:1911.00068): those whose probability of the likelier class reaches what pictures labelled so have on average
 * (equations 1 and 2, the off diagonal of the confident joint). Where few labels are wrong that average is near 1, and a
 * picture with a single mislabelled neighbour misses it: so it marks, and does not choose.
 *
 * @param labels class of each picture, -1 for none
 * @param probabilities [pictures, classes], made without looking at the picture's own label
 */
export function findClassMistakes(
  labels: ArrayLike<number>,
  probabilities: Float64Array,
  classes: number,
): ClassMistake[] {
  const sums = new Float64Array(classes);
  const counts = new Float64Array(classes);
  for (let at = 0; at < labels.length; at++) {
    const given = labels[at]!;
    if (given < 0) continue;
    sums[given]! += probabilities[at * classes + given]!;
    counts[given]!++;
  }
  const thresholds = sums.map((sum, c) => (counts[c]! > 0 ? sum / counts[c]! : Number.POSITIVE_INFINITY));
  const mistakes: ClassMistake[] = [];
  for (let at = 0; at < labels.length; at++) {
    const given = labels[at]!;
    if (given < 0) continue;
    const own = probabilities.subarray(at * classes, (at + 1) * classes);
    let likely = given;
    for (let c = 0; c < classes; c++) if (own[c]! > own[likely]!) likely = c;
    if (likely === given) continue;
    const isConfident = own[likely]! >= thresholds[likely]!;
    mistakes.push({ at, given, likely, score: own[likely]! - own[given]!, isConfident });
  }
  return mistakes.sort((a, b) => b.score - a.score || a.at - b.at);
}
