import { type ObjectShape, packRuns, type Skeleton, type Xyxy } from '@fovea/annotations';
import type { Split } from '../split.js';

/** An object on a picture of a snapshot. */
export interface ManifestAnnotation extends ObjectShape {
  readonly classIndex: number;
  readonly box: Xyxy;
  readonly isCrowd?: boolean;
  readonly trackId?: string;
}

/** A picture in a snapshot. */
export interface ManifestPicture {
  readonly sha256: string;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly split: Split;
  readonly annotations: readonly ManifestAnnotation[];
  /** Classes of the picture as a whole, ascending, where its label says such; never empty. */
  readonly classIndices?: readonly number[];
  /** A class for each pixel, where its label says such: the blob `decodeLabelMap` reads, class indices, 255 unlabelled. */
  readonly labelMapSha256?: string;
  /**
   * False: its labels are of other kinds, and nobody said which boxes are in it; so it is no background either, and
   * nothing for a detector. Otherwise absent.
   */
  readonly boxed?: false;
  /** Of a frame: its video, and when it is shown. */
  readonly videoSha256?: string;
  readonly timeSeconds?: number;
}

/** What a snapshot says before its pictures. */
export interface ManifestHeader {
  readonly project: string;
  readonly classNames: readonly string[];
  /** By class index; null where a class has no key points. Left out where no class has any. */
  readonly skeletons?: readonly (Skeleton | null)[];
  readonly valFraction: number;
  readonly testFraction: number;
  readonly seed: number;
  readonly counts: ManifestCounts;
}

/** Numbers of the content. */
export interface ManifestCounts {
  readonly media: number;
  readonly annotations: number;
  readonly classified: number;
  readonly labelMaps: number;
  readonly train: number;
  readonly val: number;
  readonly test: number;
}

/**
 * The canonical form of a snapshot is JSON lines: this one, then one for each picture by SHA-256. Its SHA-256 begins with
 * the snapshot's id. What there is none of is left out, so that what came to be known later changes no id from before.
 */
export function canonicalHeader(header: ManifestHeader): string {
  const { project, classNames, skeletons, valFraction, testFraction, seed, counts } = header;
  const { media, annotations, classified, labelMaps, train, val, test } = counts;
  return JSON.stringify({
    format: 'fovea-snapshot',
    version: 1,
    project,
    classNames,
    ...(skeletons && { skeletons }),
    valFraction,
    ...(testFraction > 0 && { testFraction }),
    seed,
    counts: {
      media,
      annotations,
      ...(classified > 0 && { classified }),
      ...(labelMaps > 0 && { labelMaps }),
      train,
      val,
      test,
    },
  });
}

/** A picture's canonical line in two parts, between which its split comes as JSON. */
export function canonicalParts(picture: Omit<ManifestPicture, 'split'>): readonly [before: string, after: string] {
  const { sha256, name, width, height, annotations, classIndices, labelMapSha256, boxed, videoSha256, timeSeconds } =
    picture;
  const before = JSON.stringify({ sha256, name, width, height });
  const after = JSON.stringify({
    annotations: annotations.map(canonicalAnnotation),
    ...(classIndices && { classIndices }),
    ...(labelMapSha256 !== undefined && { labelMapSha256 }),
    ...(boxed === false && { boxed }),
    ...(videoSha256 !== undefined && { videoSha256 }),
    ...(timeSeconds !== undefined && { timeSeconds }),
  });
  return [`${before.slice(0, -1)},"split":`, `,${after.slice(1)}`];
}

function canonicalAnnotation(annotation: ManifestAnnotation): ManifestAnnotation {
  const { classIndex, box, isCrowd, polygons, holes, mask, rotatedBox, keypoints, trackId } = annotation;
  return {
    classIndex,
    box,
    ...(isCrowd && { isCrowd }),
    ...(polygons && { polygons }),
    ...(holes && { holes }),
    ...(mask && {
      mask: { size: mask.size, counts: typeof mask.counts === 'string' ? mask.counts : packRuns(mask.counts) },
    }),
    ...(rotatedBox && {
      rotatedBox: {
        center: rotatedBox.center,
        width: rotatedBox.width,
        height: rotatedBox.height,
        angle: rotatedBox.angle,
      },
    }),
    ...(keypoints && { keypoints }),
    ...(trackId !== undefined && { trackId }),
  };
}
