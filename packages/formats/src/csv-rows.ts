import { type CsvError, parse as parseCsv } from 'csv-parse/sync';
import type { DatasetBuilder } from './dataset-builder.js';
import type { DatasetFolder } from './folder.js';

/** A CSV file's header and rows, each with its line. */
export interface CsvTable {
  readonly columns: readonly string[];
  readonly rows: readonly { readonly fields: readonly string[]; readonly line: number }[];
}

/** The table in a file, or undefined with the problem reported; comma, semicolon or tab between, blanks trimmed. */
export async function readTable(
  folder: DatasetFolder,
  builder: DatasetBuilder,
  file: string,
): Promise<CsvTable | undefined> {
  const text = await folder.readText(file);
  if (typeof text !== 'string') {
    builder.problems.push(text);
    return undefined;
  }
  const { columns, delimiter } = splitHeader(firstLine(text));
  try {
    const rows = parseCsv(text, {
      delimiter,
      from_line: 2,
      info: true,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as { record: string[]; info: { lines: number } }[];
    return { columns, rows: rows.map(({ record, info }) => ({ fields: record, line: info.lines })) };
  } catch (error) {
    const line = (error as CsvError & { lines?: number }).lines;
    const reason = `${(error as Error).message}. Nothing of it was read.`;
    builder.problem({ file, ...(line && { line }) }, 'broken_file', reason);
    return undefined;
  }
}

/** The names of a header's columns, and what stands between them. */
export function splitHeader(line: string): { columns: string[]; delimiter: string } {
  const delimiter = [',', ';', '\t'].reduce((best, next) =>
    line.split(next).length > line.split(best).length ? next : best,
  );
  return { columns: line.split(delimiter).map((column) => column.trim().replace(/^"|"$/g, '')), delimiter };
}

/** Up to the first end of a line, of any kind. */
export function firstLine(text: string): string {
  return /^[^\r\n]*/.exec(text)![0];
}

/** A row of CSV with its line's end: fields with commas, quotes, line ends or blanks at their edges are quoted. */
export function csvRow(fields: readonly (string | number)[]): string {
  const written = fields.map((field) => {
    const text = String(field);
    return /[",;\t\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${written.join(',')}\n`;
}
