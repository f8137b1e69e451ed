/**
 * What a format can say, as data: the writer takes out what it cannot, and counts it; the contract suite expects the
 * rest to come back.
 */
export interface Capability {
  /** Objects with boxes, and by how many pixels a coordinate may move through writing and reading; 0 not at all. */
  readonly boxes: false | { readonly precision: number };
  /** Whether the box of an object with a shape is the one around that, whatever was said. */
  readonly boxFollowsShape: boolean;
  /** Outlines: any number of parts of an object, or one. */
  readonly polygons: 'many' | 'one' | false;
  readonly holes: boolean;
  readonly masks: boolean;
  readonly rotatedBoxes: boolean;
  readonly keypoints: boolean;
  readonly tracks: boolean;
  /** Regions of many objects; a format without leaves them out, since as one object they would be wrong. */
  readonly crowds: boolean;
  /** All as they are; those of one text, number or truth, as text; some, by name, as text; none. */
  readonly attributes: 'all' | 'text' | readonly string[] | false;
  /** Classes of the picture as a whole. */
  readonly pictureClasses: 'many' | 'one' | false;
  readonly labelMaps: boolean;
  /** Whether a picture without any label is told apart from background; else it is left out. */
  readonly unlabelled: boolean;
}

/** Boxes and nothing else: what most formats begin from. */
export const BOXES_ONLY: Capability = {
  boxes: { precision: 0 },
  boxFollowsShape: false,
  polygons: false,
  holes: false,
  masks: false,
  rotatedBoxes: false,
  keypoints: false,
  tracks: false,
  crowds: false,
  attributes: false,
  pictureClasses: false,
  labelMaps: false,
  unlabelled: false,
};

/** Everything an annotation may say. */
export const EVERYTHING: Capability = {
  boxes: { precision: 0 },
  boxFollowsShape: false,
  polygons: 'many',
  holes: true,
  masks: true,
  rotatedBoxes: true,
  keypoints: true,
  tracks: true,
  crowds: true,
  attributes: 'all',
  pictureClasses: 'many',
  labelMaps: true,
  unlabelled: true,
};
