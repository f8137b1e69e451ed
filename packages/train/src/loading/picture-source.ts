import { access } from 'node:fs/promises';
import type { PlannedPicture } from '../plan.js';

/** Says where bytes lie by their SHA-256, having brought them there if need be, as from an object store. */
export type Locate = (sha256: string) => Promise<string>;

/** Where a picture's bytes can be read. */
export interface PictureSource {
  /** The path of the picture's file. */
  pictureOf(picture: PlannedPicture): Promise<string>;
  /** The path of its label map, which it must have. */
  labelMapOf(picture: PlannedPicture): Promise<string>;
}

/**
 * Files are taken where the plan says; one that is not there is asked for by its SHA-256, so that bytes from elsewhere
 * are brought when they are needed, and not before. Without `locate`, or for a file whose SHA-256 nobody knows, the
 * planned path is given back, and whoever opens it says what is wrong.
 */
export function createPictureSource(locate?: Locate): PictureSource {
  async function pathOf(path: string, sha256: string | undefined): Promise<string> {
    if (!locate || sha256 === undefined) return path;
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    return isThere ? path : locate(sha256);
  }
  return {
    pictureOf: ({ path, sha256 }) => pathOf(path, sha256),
    labelMapOf: ({ labelMapPath, labelMapSha256 }) => pathOf(labelMapPath!, labelMapSha256),
  };
}
