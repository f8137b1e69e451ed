// A process of ingest.mjs that reads the facts of pictures and keeps nothing: the pool's workers without their disk.
import { readFacts } from '@fovea/image';

process.on('message', async ({ id, path }) => {
  const { thumbnail, ...facts } = await readFacts(path);
  process.send({ id, facts, thumbnailBytes: thumbnail.length });
});
process.on('disconnect', () => process.exit());
process.send({ ready: true });
