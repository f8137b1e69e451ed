import type { Capability } from './capability.js';
import type { ExportDataset, ParsedDataset, ParseOptions } from './dataset.js';
import type { ExportTarget } from './export-target.js';
import type { DatasetFolder } from './folder.js';
import type { FormatName } from './names.js';

/** One way of writing labels down. Each is one file beside this one, and passes the suite in `formats.test.ts`. */
export interface AnnotationFormat {
  readonly name: FormatName;
  /** What its label files look like, for a person: completes "expected …". */
  readonly looksLike: string;
  /** What it can say. */
  readonly capability: Capability;
  /** The label files of this format in the folder; empty when it is another format. Cheap: reads heads only. */
  findLabels(folder: DatasetFolder): Promise<string[]>;
  /** Whether, asked for by name, there is anything that may be meant as its labels, be it broken. */
  mayHold(folder: DatasetFolder): boolean;
  /** Reads them. Never throws for what they contain: that is reported in `problems`. */
  parse(folder: DatasetFolder, labels: readonly string[], options?: ParseOptions): Promise<ParsedDataset>;
  /**
   * Writes a data set, of which `fitPicture` has taken out what the format cannot say.
   *
   * @throws FoveaError `disk_full` and whatever the pictures throw
   */
  write(dataset: ExportDataset, target: ExportTarget): Promise<void>;
  /** Whether its labels say classes by number, so that names may be given from outside. */
  readonly takesClassNames?: true;
  /** Formats that its files look like too: where its own marks are found, those are not meant. */
  readonly rules?: readonly FormatName[];
  /** It is read as a kind of this format when the format is told from the files. */
  readonly kindOf?: FormatName;
}
