import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { chromium, useStage } from './stage.js';

describe.skipIf(!chromium)('a model page', () => {
  const stage = useStage();
  const path = '/projects/cars/models/cars';
  const rows = (page: Page) => page.getByRole('region', { name: 'Try it' }).locator('ul').first().getByRole('button');

  it('predicts a picture dropped on it, draws the boxes, and filters them as the slider moves', async () => {
    const { page, errors } = await stage.open(path);
    await page.getByText('Give it a picture').waitFor();
    const held = await page.locator('[data-held-out] img').nth(1).getAttribute('src');
    await page.evaluate(async (src) => {
      const blob = await (await fetch(src)).blob();
      const transfer = new DataTransfer();
      transfer.items.add(new File([blob], 'dropped.svg', { type: 'image/svg+xml' }));
      for (const type of ['dragenter', 'dragover', 'drop']) {
        document.body.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: transfer }));
      }
    }, held!);
    await page.getByText(/Model \d+ ms · answer in/).waitFor();
    await page.getByRole('img', { name: 'dropped.svg' }).waitFor();
    const slider = page.getByRole('slider', { name: 'Confidence' });
    await slider.fill('0.05');
    const all = await rows(page).count();
    await slider.fill('0.5');
    const sure = await rows(page).count();
    expect(all).toBeGreaterThan(sure);
    expect(sure).toBeGreaterThan(0);
    expect(await page.locator('.boxes path:not(.halo)').count()).toBeGreaterThan(0);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('tries a picture the model never saw with one click', async () => {
    const { page } = await stage.open(path);
    await page.locator('[data-held-out]').first().click();
    await page.getByText(/Model \d+ ms/).waitFor();
    await page.context().close();
  });

  it('says why a file that is no picture cannot be predicted', async () => {
    const { page } = await stage.open(path);
    await page
      .locator('input[data-predict]')
      .setInputFiles({ name: 'broken.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no') });
    await page.getByRole('alert').getByText('cannot be read').waitFor();
    await page.context().close();
  });

  it('shows calls at this address, and copies them', async () => {
    const { page } = await stage.open(path, { permissions: ['clipboard-read', 'clipboard-write'] });
    await page.getByRole('tab', { name: 'Python' }).click();
    await page.getByRole('tabpanel').getByRole('button', { name: 'Copy' }).click();
    const text = await page.evaluate(() => navigator.clipboard.readText());
    expect(text).toContain(`${stage.fixture.origin}/api/v1/models/cars/predict`);
    await page.context().close();
  });

  it('saves a plot as comma-separated values', async () => {
    const { page } = await stage.open(path);
    const figure = page.getByRole('figure').filter({ hasText: 'Precision over recall' });
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      figure.getByRole('button', { name: 'Save as CSV' }).click(),
    ]);
    expect(await readFile(await download.path(), 'utf8')).toMatch(/^recall,car\n0,1\n/);
    await page.context().close();
  });
});
