import { readdir, readFile } from 'node:fs/promises';
import type pg from 'pg';
import { StoreError } from './error.js';
import { MIGRATION_LOCK } from './postgres/connection.js';

const FOLDER = new URL('../migrations/', import.meta.url);

/**
 * Brings the database to this version's tables: applies the SQL files of `migrations/` that it has not had, in the order
 * of their names, each in a transaction of its own, one process at a time.
 *
 * @throws StoreError `home_newer` where the database knows migrations that this version does not
 */
export async function migrate(client: pg.ClientBase): Promise<void> {
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith('.sql')).sort();
  if (await isCurrent(client, names)) return;
  await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
  try {
    await client.query('create schema if not exists fovea');
    await client.query(
      'create table if not exists fovea.migrations (name text primary key, applied_at timestamptz not null default now())',
    );
    const applied = await appliedNames(client);
    const unknown = applied.filter((name) => !names.includes(name));
    if (unknown.length > 0) {
      throw new StoreError(
        'home_newer',
        `This home was written by a newer Fovea, with changes this one does not know (${unknown.join(', ')}): use the newer one.`,
        { unknown },
      );
    }
    for (const name of names) {
      if (applied.includes(name)) continue;
      const sql = await readFile(new URL(name, FOLDER), 'utf8');
      await client.query('begin');
      try {
        await client.query(sql);
        await client.query('insert into fovea.migrations (name) values ($1)', [name]);
        await client.query('commit');
      } catch (error) {
        await client.query('rollback');
        throw error;
      }
    }
  } finally {
    await client.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  }
}

async function isCurrent(client: pg.ClientBase, names: readonly string[]): Promise<boolean> {
  const table = await client.query(`select to_regclass('fovea.migrations') as found`);
  if (table.rows[0].found === null) return false;
  const applied = await appliedNames(client);
  return applied.length === names.length && names.every((name) => applied.includes(name));
}

async function appliedNames(client: pg.ClientBase): Promise<string[]> {
  const rows = await client.query<{ name: string }>('select name from fovea.migrations order by name');
  return rows.rows.map((row) => row.name);
}
