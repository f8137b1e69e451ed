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

describe.skipIf(!chromium)("a model page's try-it", () => {
  const stage = useStage();
  const panel = (page: Page) => page.getByRole('region', { name: 'Try it' });

  it('of a classifier shows its classes with bars and percentages', async () => {
    const { page, errors } = await stage.open('/projects/insects/models/insects');
    await page.locator('[data-held-out]').first().click();
    await page.getByText(/Model \d+ ms · answer in/).waitFor();
    const rows = panel(page).locator('ol li');
    expect(await rows.allInnerTexts()).toEqual(['ants\n80.0%', 'bees\n20.0%']);
    await panel(page).getByRole('heading', { name: 'ants' }).waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('of a segmenter lays its label map over the picture, and fades all but the class pointed at', async () => {
    const { page, errors } = await stage.open('/projects/streets/models/streets');
    await page.locator('[data-held-out]').first().click();
    await panel(page).getByText('2 classes in its pixels').waitFor();
    const legend = panel(page).locator('ul').first().getByRole('button');
    expect(await legend.allInnerTexts()).toEqual(['road\n75.0%', 'sky\n25.0%']);
    const overlay = panel(page).locator('img[src^="blob:"][alt=""]');
    /** Colour and opacity (0 to 255) of the overlay in the upper and in the lower part of the picture. */
    const colours = () =>
      overlay.evaluate(async (image: HTMLImageElement) => {
        await image.decode();
        const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
        const context = canvas.getContext('2d')!;
        context.drawImage(image, 0, 0);
        return [0.1, 0.9].map((part) => {
          const pixel = context.getImageData(5, Math.floor(image.naturalHeight * part), 1, 1).data;
          return [...pixel];
        });
      });
    expect(await colours()).toEqual([
      [0xe6, 0x9f, 0x00, 255],
      [0x56, 0xb4, 0xe9, 255],
    ]);
    const before = await overlay.getAttribute('src');
    await legend.first().hover();
    await page.waitForFunction(
      (old) => document.querySelector('img[src^="blob:"][alt=""]')?.getAttribute('src') !== old,
      before,
    );
    const lit = await colours();
    expect([lit[0]![3]! < 60, lit[1]]).toEqual([true, [0x56, 0xb4, 0xe9, 255]]);
    await panel(page).getByRole('slider', { name: 'Label strength' }).fill('0.2');
    expect(await overlay.evaluate((image) => getComputedStyle(image).opacity)).toBe('0.2');
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('of an embedder compares pictures, the nearest first, and takes another to compare with', async () => {
    const { page, errors } = await stage.open('/projects/insects/models/insects-alike');
    const held = page.locator('[data-held-out]');
    await held.nth(0).click();
    await page.getByText('Give it another picture').waitFor();
    await held.nth(1).click();
    await panel(page).getByText('Cosine similarity').waitFor();
    const ranking = panel(page).getByRole('list', { name: 'Nearest first' }).getByRole('button');
    await held.nth(2).click();
    await ranking.nth(1).waitFor();
    // The picture itself, once more: its own nearest.
    await held.nth(0).click();
    await ranking.nth(2).waitFor();
    const cosines = (await ranking.allInnerTexts()).map((text) => Number(text.split('\n').at(-1)!.replace('−', '-')));
    expect(cosines[0]).toBe(1);
    expect(cosines).toEqual(cosines.toSorted((a, b) => b - a));
    await panel(page).getByText('was not measured').waitFor();
    await ranking.nth(2).click();
    const right = panel(page).locator('figcaption').nth(1);
    const name = await right.textContent();
    await panel(page).getByRole('button', { name: 'Compare the others with the right one' }).click();
    expect(await panel(page).locator('figcaption').first().textContent()).toBe(name);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('shows calls that take out what the task answers', async () => {
    for (const [path, word] of [
      ['/projects/insects/models/insects', 'answer["classes"]'],
      ['/projects/streets/models/streets', 'b64decode'],
      ['/projects/insects/models/insects-alike', 'answer["embedding"]'],
    ] as const) {
      const { page } = await stage.open(path);
      await page.getByRole('tab', { name: 'Python' }).click();
      expect(await page.getByRole('tabpanel').textContent()).toContain(word);
      await page.context().close();
    }
  });
});
