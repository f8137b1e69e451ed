/**
 * Every way of writing labels down that Fovea reads and writes, by name; loads nothing, so that a command line can list
 * them before it does anything. `yolo` reads whichever of its kinds the files hold, and writes boxes; `images` is a
 * folder of pictures without labels.
 */
export const FORMAT_NAMES = [
  'csv-corners',
  'coco',
  'yolo',
  'yolo-segment',
  'yolo-pose',
  'yolo-obb',
  'voc',
  'labelme',
  'cvat',
  'open-images',
  'kitti',
  'mot',
  'cityscapes',
  'label-pngs',
  'class-folders',
  'imagenet',
  'jsonl',
  'webdataset',
  'images',
] as const;

/** One of {@link FORMAT_NAMES}. */
export type FormatName = (typeof FORMAT_NAMES)[number];
