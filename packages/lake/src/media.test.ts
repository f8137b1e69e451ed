import { openTestHome, type TestHome } from '@fovea/store/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listMedia, type MediaQuery } from './media-page.js';
import { createProject, getProject } from './project.js';

const PICTURES = 5000;
let test: TestHome;

beforeAll(async () => {
  test = await openTestHome();
  const { id } = await createProject(test.home, { name: 'large' });
  await createProject(test.home, { name: 'other' });
  const { pool } = test.home;
  await pool.query(
    `insert into fovea.classes (project_id, index, name) values ($1, 0, 'often'), ($1, 1, 'rare'), ($1, 2, 'never')`,
    [id],
  );
  await pool.query(
    `insert into fovea.media (project_id, sha256, name, width, height, format, size_bytes, labelled)
     select $1, encode(sha256(n::text::bytea), 'hex'), 'shelf_' || n || '%.jpg', 64, 48, 'jpeg', 1000, n % 5 <> 0
     from generate_series(1, ${PICTURES}) n`,
    [id],
  );
  await pool.query(
    `insert into fovea.annotations (project_id, media_id, class_index, box)
     select $1, id, case when id % 500 = 0 then 1 else 0 end, array[1, 2, 3, 4] from fovea.media where labelled or id % 500 = 0`,
    [id],
  );
  await pool.query('analyze fovea.media');
});

afterAll(() => test.remove());

async function allPages(query: MediaQuery): Promise<{ names: string[]; totals: Set<number> }> {
  const names: string[] = [];
  const totals = new Set<number>();
  for (let cursor: string | null = null; ; ) {
    const page = await listMedia(test.home, 'large', { ...query, cursor });
    names.push(...page.items.map((item) => item.name));
    totals.add(page.total);
    cursor = page.nextCursor;
    if (cursor === null) return { names, totals };
  }
}

describe('listMedia', () => {
  it.each<[string, MediaQuery, number]>([
    ['all', { limit: 500 }, PICTURES],
    ['the labelled', { limit: 333, states: ['labelled'] }, PICTURES * 0.8],
    ['the unlabelled', { limit: 400, states: ['unlabelled'] }, PICTURES * 0.2],
    ['those with a class', { limit: 3, classNames: ['rare'] }, PICTURES / 500],
    ['those with a class that none has', { classNames: ['never'] }, 0],
    ['those with a word in their name', { limit: 100, search: 'SHELF_499' }, 11],
    ['those with a sign of LIKE in their name', { limit: 500, search: '_17%' }, 1],
  ])('pages through %s, each once, in order', async (_, query, expected) => {
    const { names, totals } = await allPages(query);
    expect(names).toHaveLength(expected);
    expect(new Set(names).size).toBe(expected);
    expect([...totals]).toEqual([expected]);
    const numbers = names.map((name) => Number(/\d+/.exec(name)![0]));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  });

  it('finds a page by the index, not by reading all before it', async () => {
    const { rows } = await test.home.pool.query(
      `explain (format json) select * from fovea.media where project_id = 1 and id > ${PICTURES - 50} order by id limit 50`,
    );
    expect(JSON.stringify(rows)).toContain('Index Scan');
    expect(JSON.stringify(rows)).not.toContain('"Sort"');
  });

  it('says what is wrong with a question', async () => {
    const fail = (query: MediaQuery) => listMedia(test.home, 'large', query).catch((error) => error);
    expect(await fail({ classNames: ['cat'] })).toMatchObject({
      code: 'unknown_class',
      details: { known: ['often', 'rare', 'never'] },
    });
    expect(await fail({ cursor: 'x' })).toMatchObject({ code: 'bad_cursor' });
    expect(await fail({ limit: 0 })).toMatchObject({ code: 'bad_limit' });
    expect(await fail({ limit: 501 })).toMatchObject({ code: 'bad_limit' });
    await expect(listMedia(test.home, 'nope')).rejects.toMatchObject({ code: 'unknown_project' });
    expect(await listMedia(test.home, 'other')).toEqual({ items: [], nextCursor: null, total: 0 });
  });

  it('agrees with the numbers of the project', async () => {
    const project = await getProject(test.home, 'large');
    expect(project.counts).toMatchObject({ media: PICTURES, annotations: PICTURES * 0.8 + PICTURES / 500, classes: 3 });
    expect(project.classes.map(({ count }) => count)).toEqual([PICTURES * 0.8, PICTURES / 500, 0]);
  });
});
