import type { FormatName, ParsedDataset, ParseOptions } from './dataset.js';
import type { DatasetFolder } from './folder.js';

/** One way of writing labels down. Each is one file beside this one, and passes the suite in `formats.test.ts`. */
export interface AnnotationFormat {
  readonly name: FormatName;
  /** What its label files look like, for a person: completes "expected …". */
  readonly looksLike: string;
  /** The label files of this format in the folder; empty when it is another format. Cheap: reads heads only. */
  findLabels(folder: DatasetFolder): Promise<string[]>;
  /** Reads them. Never throws for what they contain: that is reported in `problems`. */
  parse(folder: DatasetFolder, labels: readonly string[], options?: ParseOptions): Promise<ParsedDataset>;
  /** Whether its labels say classes by number, so that names may be given from outside. */
  readonly takesClassNames?: true;
}
