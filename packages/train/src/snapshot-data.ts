import { mediaFile, readManifest, type Snapshot } from '@fovea/lake';
import type { Home } from '@fovea/store';
import type { PictureStream } from './check-data.js';
import type { Locate } from './loading/picture-source.js';
import type { PlannedPicture } from './plan.js';

async function* picturesOf(home: Home, snapshot: Snapshot): AsyncGenerator<PlannedPicture> {
  for await (const picture of readManifest(home, snapshot)) {
    const { labelMapSha256, annotations, ...of } = picture;
    yield {
      ...of,
      // Nothing learns from outlines yet, and they may be many bytes.
      annotations: annotations.map(({ classIndex, box, isCrowd }) => ({
        classIndex,
        box,
        ...(isCrowd && { isCrowd }),
      })),
      // No files yet: bytes are asked for by `locate` when they are needed.
      path: `blob:${picture.sha256}`,
      ...(labelMapSha256 === undefined ? {} : { labelMapPath: `blob:${labelMapSha256}` }),
    };
  }
}

/** A snapshot's pictures, read from its manifest as they are asked for. */
export function dataOf(home: Home, snapshot: Snapshot): PictureStream {
  return { classNames: snapshot.classNames, pictures: picturesOf(home, snapshot) };
}

/** Where bytes of a home lie on this machine, fetched where they lie elsewhere; frames are made from their videos. @throws StoreError `unknown_blob` */
export function locateIn(home: Home): Locate {
  return (sha256) => mediaFile(home, sha256);
}
