import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { type Home, storageError } from '@fovea/store';

const MEMORY_LIMIT = '400MB';
const MAX_SPILL = '50GB';

/** A DuckDB without a file of its own, and where it and its user may put files meanwhile. */
export interface Scratch {
  readonly duck: DuckDBConnection;
  /** A new path in the home's `tmp`; what lies there is removed at the end, or, where the process is killed, at the next opening. */
  file(): string;
  close(): Promise<void>;
}

/** Opens a DuckDB in memory that spills to the disk, with limits on both. Unlike the mirror's it reads any file. */
export async function openScratch(home: Home): Promise<Scratch> {
  const paths: string[] = [];
  const file = (): string => {
    const path = join(home.path, 'tmp', `blob-${process.pid}-${randomUUID()}`);
    paths.push(path);
    return path;
  };
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(Math.max(1, availableParallelism())),
    memory_limit: MEMORY_LIMIT,
    temp_directory: file(),
    max_temp_directory_size: MAX_SPILL,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const duck = await instance.connect();
  return {
    duck,
    file,
    close: async () => {
      duck.closeSync();
      instance.closeSync();
      for (const path of paths) await rm(path, { recursive: true, force: true });
    },
  };
}

/** Lends what {@link openScratch} opens. */
export async function withScratch<T>(home: Home, use: (scratch: Scratch) => Promise<T>): Promise<T> {
  const scratch = await openScratch(home);
  try {
    return await use(scratch);
  } catch (error) {
    throw storageError(error, home.path);
  } finally {
    await scratch.close();
  }
}

/** A text as SQL has it. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A column of whole numbers of one row, as numbers. */
export async function readNumbers(duck: DuckDBConnection, sql: string): Promise<number[]> {
  const [row = []] = (await duck.runAndReadAll(sql)).getRows();
  return row.map((value) => Number(value ?? 0));
}
