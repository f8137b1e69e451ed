import { readManifest, type Snapshot } from '@fovea/lake';
import type { Home } from '@fovea/store';
import type { TrainingData } from './check-data.js';

/** A snapshot's pictures with where their bytes lie. */
export async function dataOf(home: Home, snapshot: Snapshot): Promise<TrainingData> {
  const manifest = await readManifest(home, snapshot);
  const pictures = manifest.map(({ labelMapSha256, ...picture }) => ({
    ...picture,
    path: home.blobs.pathOf(picture.sha256),
    ...(labelMapSha256 === undefined ? {} : { labelMapPath: home.blobs.pathOf(labelMapSha256) }),
  }));
  return { classNames: snapshot.classNames, pictures };
}
