import { loadManifest, type Snapshot } from '@fovea/lake';
import type { Home } from '@fovea/store';
import type { PictureStream } from './check-data.js';
import type { Locate } from './loading/picture-source.js';
import type { PlannedPicture } from './plan.js';

async function* picturesOf(home: Home, snapshot: Snapshot): AsyncGenerator<PlannedPicture> {
  for await (const picture of loadManifest(home, snapshot)) {
    const { sha256, labelMapSha256 } = picture;
    yield {
      ...picture,
      path: home.blobs.pathOf(sha256),
      ...(labelMapSha256 === undefined ? {} : { labelMapPath: home.blobs.pathOf(labelMapSha256) }),
    };
  }
}

/** A snapshot's pictures with where their bytes lie, read as they are asked for. */
export function dataOf(home: Home, snapshot: Snapshot): PictureStream {
  return { classNames: snapshot.classNames, pictures: picturesOf(home, snapshot) };
}

/** Finds a home's bytes that are not where {@link dataOf} said. @throws StoreError `unknown_blob` */
export function locateIn(home: Home): Locate {
  return async (sha256) => {
    if (!(await home.blobs.has(sha256))) await home.blobs.read(sha256);
    return home.blobs.pathOf(sha256);
  };
}
