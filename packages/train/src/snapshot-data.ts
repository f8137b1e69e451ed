import { stat } from 'node:fs/promises';
import { type ManifestPicture, readManifest, type Snapshot } from '@fovea/lake';
import type { Home } from '@fovea/store';
import type { TrainingData } from './check-data.js';
import { TrainError } from './error.js';

const FETCHES_AT_ONCE = 16;

/** A snapshot's pictures, to see whether they can be trained on; their paths are empty, since nothing is fetched. */
export async function describeData(home: Home, snapshot: Snapshot): Promise<TrainingData> {
  const pictures = await readManifest(home, snapshot);
  return { classNames: snapshot.classNames, pictures: pictures.map((picture) => planned(picture, () => '')) };
}

/**
 * A snapshot's pictures with where their bytes lie on this machine, fetched where they lie elsewhere.
 *
 * @throws TrainError `cache_too_small` where this machine may not hold them all; StoreError `unknown_blob`
 */
export async function fetchData(home: Home, snapshot: Snapshot): Promise<TrainingData> {
  const manifest = await readManifest(home, snapshot);
  const sha256s = new Set(manifest.flatMap(({ sha256, labelMapSha256 = sha256 }) => [sha256, labelMapSha256]));
  const paths = new Map<string, string>();
  let sizeBytes = 0;
  const waiting = sha256s.values();
  const fetchSome = async (): Promise<void> => {
    // One iterator for all: each takes the next.
    for (const sha256 of waiting) {
      const path = await home.blobs.localPath(sha256);
      paths.set(sha256, path);
      if (home.blobs.localBytes === Number.POSITIVE_INFINITY) continue;
      const { size } = await stat(path);
      sizeBytes += size;
      if (sizeBytes > home.blobs.localBytes) throw tooSmall(home.blobs.localBytes, sha256s.size);
    }
  };
  await Promise.all(Array.from({ length: FETCHES_AT_ONCE }, fetchSome));
  return {
    classNames: snapshot.classNames,
    pictures: manifest.map((picture) => planned(picture, (sha256) => paths.get(sha256)!)),
  };
}

function planned({ labelMapSha256, ...picture }: ManifestPicture, pathOf: (sha256: string) => string) {
  return {
    ...picture,
    path: pathOf(picture.sha256),
    ...(labelMapSha256 !== undefined && { labelMapPath: pathOf(labelMapSha256) }),
  };
}

function tooSmall(localBytes: number, pictures: number): TrainError {
  return new TrainError(
    'cache_too_small',
    `The snapshot's ${pictures} files do not fit the ${localBytes / 1e9} GB that may lie on this machine: ` +
      'set FOVEA_BLOBS_CACHE_GB to more.',
  );
}
