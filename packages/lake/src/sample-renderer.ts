// A worker thread of sample.ts: takes seeds, answers with rendered pictures, in order.
import { parentPort } from 'node:worker_threads';
import { renderSamplePicture } from '@fovea/image';

parentPort!.on('message', async (seed: number) => {
  const { bytes, annotations } = await renderSamplePicture(seed);
  parentPort!.postMessage({ seed, bytes, annotations });
});
