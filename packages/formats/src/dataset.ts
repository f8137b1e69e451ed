import type { BoxAnnotation, Skeleton } from '@fovea/annotations';
import type { FormatName } from './names.js';

export type { FormatName } from './names.js';

/**
 * One thing skipped or changed, so that nothing disappears without a word.
 *
 * While reading `code` is one of: `missing_column` `empty_file` `broken_file` `wrong_column_count` `missing_field`
 * `bad_number` `box_no_area` `box_clipped` `box_outside` `unknown_class` `no_class_names` `unknown_picture`
 * `missing_picture` `ambiguous_picture` `path_outside` `link_skipped` `duplicate` `no_box` `ignored_file`
 * `unreadable_image` `no_class` `class_renamed` `empty_class` `several_classes` `no_label_map` `bad_label_map`
 * `label_map_size` `label_map_empty` `class_name_clash` `bad_polygon` `bad_mask` `bad_keypoints` `bad_rotation`
 * `bad_attributes` `shape_clipped` `shape_outside` `mask_size` `keypoints_outside` `skeleton_clash` `bad_skeleton`
 * `captions_ignored` `shape_ignored` `shape_converted` `region_ignored` `negative_ignored` `no_frame_size`.
 *
 * While writing: those of {@link WriteReport}.
 */
export interface Problem extends Place {
  readonly code: string;
  /** A sentence: what was wrong and what was done about it. */
  readonly reason: string;
}

/** Where in the label files a statement stands: the file relative to the folder, the line counted from 1. */
export interface Place {
  readonly file: string;
  readonly line?: number;
}

/** An annotation that remembers where it was read, so that what is found out later can be reported there. */
export interface SourcedAnnotation extends BoxAnnotation {
  readonly source?: Place;
}

/** A picture of the folder with what its label files say about it. */
export interface LabelledPicture {
  /** Absolute path; of the archive, where it lies in one: then `load` gives its bytes. */
  readonly path: string;
  /** The bytes of a picture inside an archive; else the file at `path` is the picture. */
  readonly load?: () => Promise<Uint8Array>;
  /** Path relative to the folder that was read, with forward slashes. */
  readonly name: string;
  /** As shown, in pixels, where reading the labels needed it. */
  readonly width?: number;
  readonly height?: number;
  /** In pixels of the picture; not yet held against its size: see `checkBoxes`. */
  readonly annotations: SourcedAnnotation[];
  /**
   * Whether the label says which objects are in the picture, where it tells this apart from being labelled at all. Where
   * it is missing: labelled, and either with annotations or with neither `classNames` nor `labelMap`.
   */
  readonly boxed?: boolean;
  /** Classes of the picture as a whole, where its label says such; never empty. */
  readonly classNames?: string[];
  /**
   * A class for each pixel, where its label says such: the absolute path of a PNG as `loadLabelMap` reads it, of the
   * picture's size, or, with `load`, of the archive that holds it. Its values are indices of the data set's
   * `classNames`; one that is beyond them means unlabelled.
   */
  readonly labelMap?: { readonly path: string; readonly load?: () => Promise<Uint8Array> };
  /** `train`, `val` or `test`, where the folder says. */
  readonly split?: string;
  /**
   * False: nobody said what is in it, or none of what was said could be used. True with neither annotations nor
   * `classNames` nor `labelMap`: background.
   */
  readonly labelled: boolean;
}

/** What a folder says: its pictures, their labels, and everything that could not be used as it stood. */
export interface ParsedDataset {
  /** The format read; of `yolo` the kind that was told from the files. */
  readonly format: FormatName;
  /** In the order of class indices. */
  readonly classNames: string[];
  /** The key points of classes that have such; missing where no class has. */
  readonly skeletons?: Record<string, Skeleton>;
  /** Every picture of the folder, by name. */
  readonly pictures: LabelledPicture[];
  readonly problems: Problem[];
}

/** Options of `parseDataset`. */
export interface ParseOptions {
  /** Names by class index, for labels that say classes by number (`yolo`, `label-pngs`), instead of their own. */
  readonly classNames?: readonly string[];
}

/** A picture to be written with its labels, and how to come by its bytes. */
export interface ExportPicture {
  /** A path with forward slashes; made safe where it is not, and told apart from others. */
  readonly name: string;
  readonly sha256: string;
  /** As `probeImage` says it: `jpeg`, `png`, …. */
  readonly format: string;
  /** As shown, in pixels. */
  readonly width: number;
  readonly height: number;
  /** `train`, `val` or `test`. */
  readonly split?: string;
  /** Whether anybody said what is in it. */
  readonly labelled: boolean;
  /** Whether `annotations` are all objects in it, be they none. */
  readonly boxed: boolean;
  readonly annotations: readonly BoxAnnotation[];
  /** Classes of the picture as a whole. */
  readonly classNames?: readonly string[];
  /** Bytes of a PNG whose values are indices of the data set's classes, 255 unlabelled. */
  readonly labelMap?: { load(): Promise<Uint8Array> };
  /** The picture's bytes, as they were imported. */
  load(): Promise<Uint8Array>;
  /** A local file of the same bytes, which is then copied or linked instead. */
  readonly path?: string;
}

/** A data set to be written: pictures come one by one, so that any number of them fits into memory. */
export interface ExportDataset {
  /** In the order of class indices; distinct. */
  readonly classNames: readonly string[];
  readonly skeletons?: Readonly<Record<string, Skeleton>>;
  readonly pictures: AsyncIterable<ExportPicture>;
}

/**
 * What was written.
 *
 * `dropped` counts what the format could not say or said otherwise, by code, over all pictures: `boxes_dropped`
 * `polygons_dropped` `parts_joined` `holes_dropped` `holes_as_mask` `mask_dropped` `mask_outlined` `rotation_dropped`
 * `keypoints_dropped` `track_dropped` `track_renumbered` `crowd_left_out` `attributes_dropped` `attributes_as_text`
 * `picture_classes_dropped` `label_map_dropped` `split_dropped` `split_changed` `unlabelled_left_out`
 * `box_as_polygon` `box_from_shape` `name_changed` `class_renamed` `unknown_class`
 * `bad_number` `link_copied`.
 */
export interface WriteReport {
  readonly pictures: number;
  readonly annotations: number;
  readonly files: number;
  /** One for each picture and code, the first ten thousand; a last one `more_problems` says how many more there are. */
  readonly problems: readonly Problem[];
  readonly dropped: Readonly<Record<string, number>>;
}
