// Fills a project with generated rows: what a million pictures are to the database, without their bytes.

/**
 * Adds `count` pictures with facts, boxes of eight classes (0 to 5 a picture), tags and predictions, by SQL alone.
 * Deterministic: the same call gives the same rows.
 */
export async function fillProject(home, projectId, count) {
  const client = await home.pool.connect();
  try {
    const names = ['car', 'person', 'bicycle', 'truck', 'bus', 'dog', 'cat', 'sign'];
    for (const [index, name] of names.entries()) {
      await client.query(
        'insert into fovea.classes (project_id, index, name) values ($1, $2, $3) on conflict do nothing',
        [projectId, index, name],
      );
    }
    await client.query('select setseed(0.5)');
    const step = 100_000;
    for (let from = 0; from < count; from += step) {
      const to = Math.min(count, from + step) - 1;
      const sha = (n) => `encode(sha256(('picture ' || ${n})::bytea), 'hex')`;
      await client.query('begin');
      await client.query(
        `insert into fovea.facts
         select ${sha('n')}, 'jpeg', 640 + n % 7 * 160, 480 + n % 5 * 120, 40000 + n % 90000, 1, 'srgb', 3, 8, false, 1,
           substr(${sha('n')}, 1, 16), 320, 240,
           ${['red', 'green', 'blue']
             .map(
               (_, c) =>
                 `90 + (n * ${c + 3}) % 100, 30 + n % 40, n % 20, 255 - n % 30, array_fill(n % 4000, array[32])`,
             )
             .join(', ')},
           0.2 + (n % 601) / 1000.0, 0.05 + (n % 301) / 1000.0, (n * 7919) % 2000, 4 + (n % 400) / 100.0,
           (array['Canon', 'NIKON', 'Apple', 'Google', null])[1 + n % 5], (array['EOS R5', 'Z 9', 'iPhone 15', 'Pixel 8', null])[1 + n % 5],
           null, 1.0 / (1 + n % 2000), 1.8 + n % 12, 100 * (1 + n % 32), 24 + n % 100,
           timestamp '2020-01-01' + n * interval '97 seconds', 60, case when n % 3 = 0 then -60 + (n % 12000) / 100.0 end,
           case when n % 3 = 0 then -170 + (n % 34000) / 100.0 end, null,
           jsonb_build_object('ifd0.Make', (array['Canon', 'NIKON', 'Apple', 'Google', ''])[1 + n % 5], 'exif.ISO', 100 * (1 + n % 32)), null
         from generate_series($1::bigint, $2::bigint) n on conflict do nothing`,
        [from, to],
      );
      await client.query(
        `insert into fovea.media (project_id, sha256, name, width, height, format, size_bytes, labelled, boxed, split)
         select $3, ${sha('n')}, 'camera-' || n % 20 || '/picture-' || lpad(n::text, 7, '0') || '.jpg', 640 + n % 7 * 160,
           480 + n % 5 * 120, 'jpeg', 40000 + n % 90000, n % 4 <> 0, n % 4 <> 0, (array['train', 'train', 'train', 'val', null])[1 + n % 5]
         from generate_series($1::bigint, $2::bigint) n on conflict do nothing`,
        [from, to, projectId],
      );
      await client.query(
        `insert into fovea.annotations (media_id, project_id, class_index, box)
         select m.id, m.project_id, (m.id * 31 + b) % 8, array[10 + b * 90, 20 + b * 60, 60 + b * 90 + m.id % 40, 90 + b * 60]::float8[]
         from fovea.media m cross join generate_series(0, 4) b
         where m.project_id = $1 and m.labelled and b < m.id % 6 and m.id > (select coalesce(max(media_id), 0) from fovea.annotations where project_id = $1)`,
        [projectId],
      );
      await client.query('commit');
    }
    await client.query(
      `insert into fovea.media_tags (media_id, project_id, tag)
       select id, project_id, (array['night', 'rain', 'fog'])[1 + id % 3] from fovea.media where project_id = $1 and id % 20 = 0
       on conflict do nothing`,
      [projectId],
    );
    await client.query(
      `insert into fovea.predictions (media_id, project_id, model, class_name, confidence, box)
       select id, project_id, 'cars@1', 'car', (id % 100) / 100.0, array[10, 20, 60, 90]::float8[] from fovea.media
       where project_id = $1 and id % 10 = 0 and not exists (select 1 from fovea.predictions p where p.project_id = $1)`,
      [projectId],
    );
    await client.query('analyze');
  } finally {
    client.release();
  }
}
