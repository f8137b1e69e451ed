import { decodeLabelMap } from '@fovea/formats';
import { segmenterNetwork } from '@fovea/models';
import { expect, it } from 'vitest';
import type { PlannedPicture, TrainPlan } from '../plan.js';
import { segmentation } from './segmentation.js';

it('keeps samples with what is true and what was found, small enough to look at', async () => {
  const [width, height] = [960, 640];
  const network = segmenterNetwork({ classes: 2, width: 96, height: 64 });
  const plan = { task: 'segmentation', classNames: ['sky', 'road'], loss: { name: 'cross-entropy' } };
  const recipe = segmentation(plan as unknown as TrainPlan, network);
  // The upper half is sky, the lower road, the last tenth of the columns unlabelled.
  const truth = Uint8Array.from({ length: width * height }, (_, at) =>
    at % width >= 864 ? 255 : at < (width * height) / 2 ? 0 : 1,
  );
  const picture: PlannedPicture = {
    ...{ sha256: 'a'.repeat(64), name: 'street.png', path: '', width, height, split: 'val' },
    annotations: [],
  };
  const evaluator = recipe.evaluator([picture]);
  // The model holds the upper three quarters for sky.
  const labels = Uint8Array.from({ length: 96 * 64 }, (_, at) => (at < 96 * 48 ? 0 : 1));
  const fit = { scaleX: 0.1, scaleY: 0.1 };
  await evaluator.add(picture, { labels: { data: labels, shape: [64, 96] } }, fit, truth);
  const { metrics, samples } = evaluator.finish();
  expect(metrics.pixelAccuracy).toBeCloseTo(0.75, 6);
  const [sample] = samples;
  expect(sample!.labelMaps!.pixelAccuracy).toBeCloseTo(0.75, 6);
  const shown = await decodeLabelMap(Buffer.from(sample!.labelMaps!.predicted, 'base64'));
  expect([shown.width, shown.height]).toEqual([480, 320]);
  expect([shown.data[0], shown.data.at(-1), shown.data[239 * 480], shown.data[241 * 480]]).toEqual([0, 1, 0, 1]);
  const labelled = await decodeLabelMap(Buffer.from(sample!.labelMaps!.truth, 'base64'));
  expect([labelled.data[479], labelled.data[0], labelled.data[319 * 480]]).toEqual([255, 0, 1]);
});
