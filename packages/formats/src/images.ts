import type { AnnotationFormat } from './annotation-format.js';
import { BOXES_ONLY } from './capability.js';
import { DatasetBuilder } from './dataset-builder.js';

/** A plain folder of pictures that nobody labelled yet. Files that look like labels but are none are mentioned. */
export const images: AnnotationFormat = {
  name: 'images',
  looksLike: 'a folder of pictures',

  capability: { ...BOXES_ONLY, boxes: false, unlabelled: true },

  mayHold: () => true,

  async findLabels() {
    return [];
  },

  async parse(folder) {
    const builder = new DatasetBuilder(folder);
    for (const file of folder.files.filter((name) => /\.(csv|jsonl?|xml)$/i.test(name))) {
      const isEmpty = (await folder.readHead(file)).trim() === '';
      const why = isEmpty ? 'is empty' : 'is not labels in a format Fovea reads';
      builder.problem(
        { file },
        isEmpty ? 'empty_file' : 'ignored_file',
        `The file ${why}; the pictures stay unlabelled.`,
      );
    }
    return builder.build('images', [], false);
  },

  async write({ pictures }, target) {
    for await (const picture of pictures) await target.place(picture, 'images');
  },
};
