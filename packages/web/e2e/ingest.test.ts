import { describe, expect, it } from 'vitest';
import { chromium, useStage } from './stage.js';

describe.skipIf(!chromium)('taking in', () => {
  const stage = useStage();

  it('from a URL: says how far it is, and what became of it, with reasons; refuses with the server’s words', async () => {
    const { page, errors } = await stage.open('/projects/three/data');
    await page.getByRole('button', { name: 'From a URL or S3' }).click();
    const form = page.getByRole('form', { name: 'Add from a URL or S3' });
    await form.getByLabel('URL').fill('https://pictures.example/holiday.zip');
    await page.keyboard.press('Enter');
    await form.waitFor({ state: 'detached' });
    await page.getByRole('status', { name: 'Taking in holiday.zip' }).waitFor();
    const report = page.getByRole('status', { name: 'holiday.zip taken in' });
    await report.getByText('3 new pictures, 1 duplicate, 1 skipped').waitFor();
    await report.getByText('It is no picture of a known format.').waitFor();
    await page.getByRole('group', { name: '6 pictures' }).waitFor();
    await report.getByRole('button', { name: 'Close' }).click();
    await report.waitFor({ state: 'detached' });
    expect(errors).toEqual([]);

    await page.getByRole('button', { name: 'From a URL or S3' }).click();
    await form.getByLabel('URL').fill('/etc');
    await page.keyboard.press('Enter');
    await form.getByRole('alert').getByText('--ingest-root').waitFor();
    await page.keyboard.press('Escape');
    await form.waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('an archive that was chosen: sent, taken in as a job, and the jobs page says so', async () => {
    const { page, errors } = await stage.open('/projects/insects/data');
    await page.locator('[data-tile]').first().waitFor();
    await page
      .locator('input[data-upload]')
      .setInputFiles([{ name: 'more.zip', mimeType: 'application/zip', buffer: Buffer.alloc(200_000) }]);
    await page.getByRole('status', { name: 'Taking in more.zip' }).waitFor();
    await page.getByRole('status', { name: 'more.zip taken in' }).waitFor();
    await page.goto(`${stage.fixture.origin}/jobs`);
    await page.getByText('3 new pictures, 1 duplicate, 1 skipped').first().waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('a job is cancelled from the jobs page', async () => {
    const { page } = await stage.open('/projects/streets/map');
    await page.getByRole('button', { name: /^Compare 40 pictures/ }).click();
    await page.getByRole('progressbar').waitFor();
    await page.getByRole('link', { name: 'Jobs' }).click();
    await page.getByRole('button', { name: 'Cancel: embed' }).click();
    await page.getByText('cancelled').waitFor();
    await page.context().close();
  });
});
