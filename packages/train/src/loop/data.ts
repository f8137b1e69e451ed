import type { Placement } from '@fovea/image';
import type { PickFrom } from '../loading/order.js';
import { openPictureIndex, type PictureIndex } from '../loading/picture-index.js';
import { createPictureSource, type Locate } from '../loading/picture-source.js';
import { createSampleBuffers } from '../loading/sample-buffers.js';
import { type KeptState, openSampleCache, type SampleCache, sayKept } from '../loading/sample-cache.js';
import { placedRule, shrunkRule } from '../loading/sample-rule.js';
import type { PlannedPicture, TrainPlan } from '../plan.js';
import type { Recipe } from '../recipes/recipe.js';

/** Memory of samples that is kept while nobody uses it. */
const idleBytes = 64 * 2 ** 20;

/** The pictures of a run. */
export interface RunData {
  /** What an epoch's order is drawn from. */
  readonly from: PickFrom;
  readonly train: PictureIndex;
  readonly trainSamples: SampleCache;
  /** What is on the pictures to validate on: an evaluation needs all of it at its end. */
  readonly val: readonly PlannedPicture[];
  readonly valSamples: SampleCache;
  /** How much is kept decoded, while it is not yet all; `null` afterwards, and where nothing is kept. */
  filling(): KeptState | null;
  close(): Promise<void>;
}

/**
 * Opens the pictures of a plan: what is on them stays on disk, as their decoded pixels do.
 *
 * @param placement how pictures to validate on are brought to the network's input
 * @throws TrainError `broken_plan`
 */
export async function openData(
  plan: TrainPlan,
  recipe: Recipe,
  placement: Placement,
  say: (text: string) => void,
  locate?: Locate,
): Promise<RunData> {
  const { network, picker, wantsLabelMap } = recipe;
  const train = await openPictureIndex(plan.train);
  const val = await openPictureIndex(plan.val);
  const shared = {
    cache: plan.cache,
    source: createPictureSource(locate),
    buffers: createSampleBuffers(idleBytes),
    say: createOnce(say),
  };
  const classes = wantsLabelMap ? plan.classNames.length : null;
  // First those that are wanted again and again, whatever room there is for the others.
  const valSamples = await openSampleCache({
    ...shared,
    index: val,
    digest: plan.val.digest,
    rule: placedRule(network, placement, classes),
    remembers: false,
  });
  const trainSamples = await openSampleCache({
    ...shared,
    index: train,
    digest: plan.train.digest,
    rule: shrunkRule(network, classes),
    remembers: true,
  });
  const kept = (): KeptState | null => {
    const [a, b] = [trainSamples.kept(), valSamples.kept()];
    if (!a || !b) return a ?? b;
    return { pictures: a.pictures + b.pictures, of: a.of + b.of, bytes: a.bytes + b.bytes };
  };
  const isFull = () => [trainSamples, valSamples].every((samples) => samples.kept() === null || samples.isFull());
  const start = kept();
  let isSaid = start === null;
  if (start && !isFull()) say(`Pictures are kept decoded once they are met: ${sayKept(start)} so far.`);
  return {
    from: { count: train.count, members: picker?.byClass ? await train.loadMembers() : new Map() },
    train,
    trainSamples,
    val: await val.loadAll(),
    valSamples,
    filling() {
      if (isSaid) return null;
      if (!isFull()) return kept();
      isSaid = true;
      say(`Pictures are kept decoded: ${sayKept(kept()!)}.`);
      return null;
    },
    async close() {
      await trainSamples.close();
      await valSamples.close();
      await train.close();
      await val.close();
    },
  };
}

/** Says a sentence the first time only. */
function createOnce(say: (text: string) => void): (text: string) => void {
  const said = new Set<string>();
  return (text) => {
    if (!said.has(text)) say(text);
    said.add(text);
  };
}
