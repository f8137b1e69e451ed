import { createWriteStream } from 'node:fs';
import { copyFile, rename, rm } from 'node:fs/promises';
import { extname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FoveaError } from '@fovea/annotations';
import { EXPORT_FORMATS, type ExportFormat, exportQuery, getProject, runQuery } from '@fovea/lake';
import { done, type Outcome } from '../outcome.js';
import { type CommonOptions, remoteOf, type Session, withHome } from '../session.js';
import { table } from '../terminal.js';

/** Options of `fovea query`. */
export interface QueryCommandOptions extends CommonOptions {
  readonly project: string;
  readonly limit?: number;
  readonly timeout?: number;
  readonly out?: string;
  readonly format?: ExportFormat;
}

/** `fovea query "<SQL>"`: one SELECT over a project's tables. */
export async function queryCommand(sql: string, options: QueryCommandOptions, session: Session): Promise<Outcome> {
  const { project, out } = options;
  if (out !== undefined) {
    const format = formatOf(out, options.format);
    await save(sql, out, format, options, session);
    return done({ project, out, format }, [`Wrote ${out}.`]);
  }
  const maxRows = options.limit ?? 1000;
  const timeoutSeconds = options.timeout ?? 30;
  const client = remoteOf(options);
  const { signal } = session;
  const { columns, rows, truncated, elapsedMs } = client
    ? await client.queryLake(project, { sql, maxRows, timeoutSeconds }, { signal })
    : await withHome(options, session, async (home) => {
        const { id } = await getProject(home, project);
        return runQuery(home, id, sql, { maxRows, timeoutSeconds, signal });
      });
  const names = columns.map(({ name }) => name);
  const text = (value: unknown) =>
    value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
  const shown = rows.map((row) => row.map((value) => (typeof value === 'number' ? value : text(value))));
  const more = truncated ? [`… and more: --limit says how many, --out writes all to a file.`] : [];
  return done({ project, columns, rows, truncated, elapsedMs }, [table(names, shown), ...more]);
}

function formatOf(out: string, format: ExportFormat | undefined): ExportFormat {
  const found = format ?? EXPORT_FORMATS.find((each) => extname(out).toLowerCase() === `.${each}`);
  if (found) return found;
  throw new FoveaError(
    'bad_option',
    `"${out}" does not end in .parquet, .csv or .jsonl: say the format with --format.`,
    { out, known: EXPORT_FORMATS },
  );
}

/** Under another name until it is whole. */
async function save(
  sql: string,
  out: string,
  format: ExportFormat,
  options: QueryCommandOptions,
  session: Session,
): Promise<void> {
  const timeoutSeconds = options.timeout ?? 120;
  const draft = `${out}.part`;
  const client = remoteOf(options);
  try {
    if (client) {
      const response = await client.exportLake(options.project, { sql, format, timeoutSeconds }, session);
      await pipeline(Readable.fromWeb(response.body as never), createWriteStream(draft));
    } else {
      await withHome(options, session, async (home) => {
        const { id } = await getProject(home, options.project);
        const given = { timeoutSeconds, signal: session.signal };
        await exportQuery(home, id, sql, format, (file) => copyFile(file, draft), given);
      });
    }
    await rename(draft, out);
  } finally {
    await rm(draft, { force: true });
  }
}
