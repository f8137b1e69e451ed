import { readdir, readFile } from 'node:fs/promises';
import { getTableColumns, is } from 'drizzle-orm';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHome } from './home.js';
import { connectionTo } from './postgres/connection.js';
import { readPostmaster } from './postgres/postmaster.js';
import * as schema from './schema/index.js';
import { openTestHome, type TestHome } from './testing.js';

let test: TestHome;

beforeAll(async () => {
  test = await openTestHome();
});

afterAll(() => test.remove());

describe('the database', () => {
  it('has the tables and columns that the code says', async () => {
    const { rows } = await test.home.pool.query<{ table: string; column: string; nullable: string }>(
      `select table_name as table, column_name as column, is_nullable as nullable
       from information_schema.columns where table_schema = 'fovea' and table_name <> 'migrations'`,
    );
    const actual = rows.map((row) => `${row.table}.${row.column} ${row.nullable === 'YES'}`).sort();
    const tables = Object.values(schema).filter((value) => is(value, PgTable));
    const declared = tables.flatMap((table) =>
      Object.values(getTableColumns(table)).map(
        (column) => `${getTableConfig(table).name}.${column.name} ${!column.notNull && !column.primary}`,
      ),
    );
    expect(declared.sort()).toEqual(actual);
  });

  it('knows its migrations and applies none twice', async () => {
    const files = (await readdir(new URL('../migrations/', import.meta.url))).filter((name) => name.endsWith('.sql'));
    const again = await openHome(test.path, { databaseUrl: null });
    const { rows } = await again.pool.query('select name from fovea.migrations order by name');
    expect(rows.map((row) => row.name)).toEqual(files.sort());
    await again.close();
  });

  it('ends nothing when a lent connection breaks between two queries', async () => {
    const client = await test.home.pool.connect();
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const ended = new Promise<void>((resolve) => client.once('end', resolve));
    await test.home.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
    await ended;
    await expect(client.query('select 1')).rejects.toThrow(/not queryable/);
    client.release(true);
    expect((await test.home.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  it('refuses a home that a newer version wrote', async () => {
    await test.home.pool.query(`insert into fovea.migrations (name) values ('9999-future.sql')`);
    await expect(openHome(test.path, { databaseUrl: null })).rejects.toMatchObject({ code: 'home_newer' });
    await test.home.pool.query(`delete from fovea.migrations where name = '9999-future.sql'`);
  });

  it('of the version before is brought up to date with all that is in it', async () => {
    const postmaster = (await readPostmaster(`${test.path}/postgres/data`))!;
    const password = await readFile(`${test.path}/postgres/password`, 'utf8');
    await test.home.pool.query('create database before');
    const config = connectionTo(postmaster, password);
    const url = `postgres://fovea:${password}@${encodeURIComponent(config.host!)}:${config.port}/before`;
    const old = new pg.Client({ connectionString: url });
    await old.connect();
    await old.query('create schema fovea');
    await old.query('create table fovea.migrations (name text primary key, applied_at timestamptz default now())');
    await old.query(await readFile(new URL('../migrations/0001-first-tables.sql', import.meta.url), 'utf8'));
    await old.query(`insert into fovea.migrations (name) values ('0001-first-tables.sql')`);
    const insert = (sha256: string, labelled: boolean) =>
      old.query(
        `insert into fovea.media (project_id, sha256, name, width, height, format, size_bytes, labelled)
         values (1, $1, 'a.png', 4, 3, 'png', 99, $2)`,
        [sha256.repeat(64), labelled],
      );
    await old.query(`insert into fovea.projects (name) values ('kept')`);
    await old.query(`insert into fovea.classes (project_id, index, name) values (1, 0, 'nut')`);
    await insert('a', true);
    await old.query(
      `insert into fovea.annotations (media_id, project_id, class_index, box) values (1, 1, 0, '{0, 1, 2, 3}')`,
    );

    const home = await openHome(`${test.path}/upgraded`, { databaseUrl: url });
    // The old process may go on writing as it knows how.
    await insert('b', false);
    expect(await home.db.select().from(schema.media)).toMatchObject([
      { id: 1, sha256: 'a'.repeat(64), labelled: true, boxed: null },
      { id: 2, sha256: 'b'.repeat(64), labelled: false, boxed: null },
    ]);
    expect(await home.db.select().from(schema.annotations)).toMatchObject([{ mediaId: 1, box: [0, 1, 2, 3] }]);
    await home.db.insert(schema.mediaClasses).values({ mediaId: 2, projectId: 1, classIndex: 0 });
    await home.db.insert(schema.labelMaps).values({ mediaId: 2, projectId: 1, sha256: 'c'.repeat(64) });
    await home.db.insert(schema.labelMapClasses).values({ mediaId: 2, projectId: 1, classIndex: 0, pixels: 12 });
    await old.query('delete from fovea.media where id = 2');
    for (const table of [schema.mediaClasses, schema.labelMaps, schema.labelMapClasses]) {
      expect(await home.db.select().from(table)).toEqual([]);
    }
    await home.close();
    await old.end();
  });

  it('may be any PostgreSQL, by URL', async () => {
    const postmaster = (await readPostmaster(`${test.path}/postgres/data`))!;
    const password = await readFile(`${test.path}/postgres/password`, 'utf8');
    const config = connectionTo(postmaster, password);
    await test.home.pool.query('create database elsewhere');
    const host = encodeURIComponent(config.host!);
    const url = (secret: string) => `postgres://fovea:${secret}@${host}:${config.port}/elsewhere`;
    const home = await openHome(`${test.path}/external`, { databaseUrl: url(password) });
    await home.db.insert(schema.projects).values({ name: 'there' });
    expect(await home.db.select({ name: schema.projects.name }).from(schema.projects)).toEqual([{ name: 'there' }]);
    expect(await readdir(home.path)).not.toContain('postgres');
    const pool = home.createPool({ max: 1 });
    expect((await pool.query('select current_database() as name')).rows).toEqual([{ name: 'elsewhere' }]);
    await pool.end();
    await home.close();
    expect(await test.home.db.select().from(schema.projects)).toEqual([]);

    const failure = await openHome(`${test.path}/external`, { databaseUrl: url('wrong-secret') }).catch(
      (error) => error,
    );
    expect(failure).toMatchObject({ code: 'database_unreachable' });
    expect(failure.message).not.toContain('wrong-secret');
  });
});
