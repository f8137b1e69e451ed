import { readFile } from 'node:fs/promises';
import { renderSamplePicture } from '@fovea/image';
import { createSnapshot, ensureProject, importPicture, readThumbnail } from '@fovea/lake';
import { type Home, openHome } from '@fovea/store';
import { openTestHome, openTestS3, type TestHome, type TestS3 } from '@fovea/store/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlannedPicture } from './plan.js';
import { dataOf, locateIn } from './snapshot-data.js';

let s3: TestS3;
let test: TestHome;
let home: Home;
const before = { ...process.env };

beforeAll(async () => {
  s3 = await openTestS3();
  Object.assign(process.env, s3.env, { FOVEA_BLOBS_URL: `s3://${s3.bucket}/home` });
  test = await openTestHome();
  home = await openHome(test.path, { databaseUrl: null });
});

afterAll(async () => {
  process.env = before;
  await home.close();
  await test.remove();
  await s3.close();
});

describe('a home whose bytes lie on S3', () => {
  it('imports, makes snapshots, and fetches what a run needs once', async () => {
    await ensureProject(home, 'cars');
    const sha256s: string[] = [];
    for (let i = 0; i < 6; i++) {
      const { bytes } = await renderSamplePicture(i);
      const picture = { bytes, name: `${i}.jpg`, classNames: [i % 2 === 0 ? 'car' : 'bus'] };
      sha256s.push((await importPicture(home, 'cars', picture)).sha256);
    }
    expect(home.blobs.place).toContain(`s3://${s3.bucket}/home`);
    for (const sha256 of sha256s) expect(s3.objects.has(`home/${sha256.slice(0, 2)}/${sha256.slice(2)}`)).toBe(true);
    expect((await readThumbnail(home, sha256s[0]!)).length).toBeGreaterThan(0);

    const snapshot = await createSnapshot(home, 'cars');
    const planned: PlannedPicture[] = [];
    for await (const picture of dataOf(home, snapshot).pictures) planned.push(picture);
    expect(planned.map(({ sha256 }) => sha256).sort()).toEqual([...sha256s].sort());
    const asked = () => s3.requests.filter((request) => request.startsWith('GET')).length;
    const gets = asked();
    const locate = locateIn(home);
    for (let round = 0; round < 2; round++) {
      for (const sha256 of sha256s) {
        expect(Buffer.compare(await readFile(await locate(sha256)), await home.blobs.read(sha256))).toBe(0);
      }
    }
    // Once to bring each here; reading a blob whole asks again.
    expect(asked() - gets).toBeLessThanOrEqual(6 + 12);
    await expect(locate('0'.repeat(64))).rejects.toMatchObject({ code: 'unknown_blob' });
  });
});
