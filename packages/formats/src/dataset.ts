import type { BoxAnnotation } from '@fovea/annotations';

/** The ways of writing labels down that Fovea reads; `images` is a folder of pictures without labels. */
export type FormatName = 'csv-corners' | 'coco' | 'yolo' | 'voc' | 'class-folders' | 'label-pngs' | 'images';

/**
 * One thing skipped or changed while reading, so that nothing disappears without a word.
 *
 * `code` is one of: `missing_column` `empty_file` `broken_file` `wrong_column_count` `missing_field` `bad_number`
 * `box_no_area` `box_clipped` `box_outside` `unknown_class` `no_class_names` `unknown_picture` `missing_picture`
 * `ambiguous_picture` `path_outside` `link_skipped` `duplicate` `no_box` `ignored_file` `unreadable_image` `no_class`
 * `class_renamed` `empty_class` `several_classes` `no_label_map` `bad_label_map` `label_map_size` `label_map_empty`
 * `class_name_clash`.
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
  /** Absolute path. */
  readonly path: string;
  /** Path relative to the folder that was read, with forward slashes. */
  readonly name: string;
  /** As shown, in pixels, where reading the labels needed it. */
  readonly width?: number;
  readonly height?: number;
  /** In pixels of the picture; not yet held against its size: see `checkBoxes`. */
  readonly annotations: SourcedAnnotation[];
  /** Classes of the picture as a whole, where its label says such; never empty. */
  readonly classNames?: string[];
  /**
   * A class for each pixel, where its label says such: the absolute path of a PNG as `loadLabelMap` reads it, of the
   * picture's size. Its values are indices of the data set's `classNames`; one that is beyond them means unlabelled.
   */
  readonly labelMap?: { readonly path: string };
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
  readonly format: FormatName;
  /** In the order of class indices. */
  readonly classNames: string[];
  /** Every picture of the folder, by name. */
  readonly pictures: LabelledPicture[];
  readonly problems: Problem[];
}

/** Options of `parseDataset`. */
export interface ParseOptions {
  /** Names by class index, for labels that say classes by number (`yolo`, `label-pngs`), instead of their own. */
  readonly classNames?: readonly string[];
}
