// The words by which pictures are filtered and sorted: one list for the lake that answers, the API that is asked, and the
// web app's address.

/** Numbers of a picture that a filter can bound, by their names. */
export const RANGE_FIELDS = [
  'annotations',
  'width',
  'height',
  'megapixels',
  'aspect',
  'sizeBytes',
  'brightness',
  'contrast',
  'sharpness',
  'entropy',
  'confidence',
  'timeSeconds',
] as const;

export type RangeField = (typeof RANGE_FIELDS)[number];

/** What stands in a picture's labels: made by people, empty of boxes, or found by a model and not yet labelled. */
export const LABEL_STATES = ['labelled', 'unlabelled', 'background', 'predicted'] as const;

export type LabelState = (typeof LABEL_STATES)[number];

/** What pictures can be sorted by; `added` is the order they came in. */
export const SORT_FIELDS = [
  'added',
  'name',
  'taken',
  'annotations',
  'confidence',
  'brightness',
  'contrast',
  'sharpness',
  'entropy',
  'megapixels',
  'sizeBytes',
  'random',
] as const;

export type SortField = (typeof SORT_FIELDS)[number];
