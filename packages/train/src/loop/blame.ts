import { TrainError } from '../error.js';
import type { PlannedPicture } from '../plan.js';
import type { TracedTensor } from '../step/step-graph.js';
import type { StepPool } from '../step/step-pool.js';

/** Bytes of tensors looked through at a time. */
const groupBytes = 256 * 1024 * 1024;

/** Tensors in order, in groups that fit memory. */
function inGroups(trace: readonly TracedTensor[]): string[][] {
  const groups: string[][] = [];
  let bytes = Infinity;
  for (const { name, elements } of trace) {
    if (bytes + elements * 4 > groupBytes) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)!.push(name);
    bytes += elements * 4;
  }
  return groups;
}

/**
 * The error for a loss or gradient that is not finite: it says the step, the batch's pictures, and the first tensor that went bad,
 * which computing the step once more with every tensor in view finds.
 */
export async function blame(
  pool: StepPool,
  workers: number,
  trace: readonly TracedTensor[],
  found: { readonly step: number; readonly loss: number; readonly learningRate: number },
  pictures: readonly PlannedPicture[],
): Promise<TrainError> {
  const { step, loss, learningRate } = found;
  const groups = inGroups(trace);
  let bad: TracedTensor | undefined;
  for (let worker = 0; worker < workers && !bad; worker++) {
    const { bad: name } = await pool.ask(worker, { type: 'diagnose', groups });
    bad = trace.find((tensor) => tensor.name === name);
  }
  const names = pictures.map(({ name }) => name);
  const where = bad
    ? `the first tensor that is not finite is "${bad.name}" (${bad.opType})`
    : 'computed once more, every tensor was finite';
  return new TrainError(
    'loss_not_finite',
    `${Number.isFinite(loss) ? `The gradient of step ${step} overflowed` : `The loss of step ${step} is ${loss}`}: ${where}; the batch was ${names.join(', ')}. ` +
      `Train again with a learning rate below ${learningRate.toPrecision(3)}, or look at these pictures' labels.`,
    { step, tensor: bad?.name ?? null, opType: bad?.opType ?? null, media: pictures.map(({ sha256 }) => sha256) },
  );
}
