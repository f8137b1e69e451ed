import { describe, expect, it } from 'vitest';
import { chromium, useStage } from './stage.js';

describe.skipIf(!chromium)('more like this', () => {
  const stage = useStage();

  it('shows pictures like one with their cosine, then like a region dragged or moved by keys', async () => {
    const { page, errors } = await stage.open('/projects/sample/data');
    await page.locator('[data-tile]').first().dblclick();
    await page.waitForURL('**/pictures/**');
    await page.getByRole('heading', { name: 'More like this' }).waitFor();
    await page.keyboard.press('m');
    const list = page.getByRole('list', { name: 'Like this picture' });
    await list.waitFor();
    const cosines = (await list.locator('p').allTextContents()).map(Number);
    expect(cosines).toHaveLength(30);
    expect(cosines).toEqual([...cosines].sort((a, b) => b - a));
    expect(cosines[0]).toBeGreaterThan(0.9);

    await page.getByRole('button', { name: 'By a region' }).click();
    const sheet = page.getByRole('button', { name: 'Draw a region on the picture' });
    const box = (await sheet.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.25, box.y + box.height * 0.25);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.75, box.y + box.height * 0.5, { steps: 5 });
    await page.mouse.up();
    await page.waitForURL(/region=\d+%2C\d+%2C\d+%2C\d+/);
    const region = page.getByRole('list', { name: 'Like the region' });
    await region.waitFor();
    expect(await region.locator('p').allTextContents()).not.toEqual(cosines.map((value) => value.toFixed(3)));

    await page.getByRole('button', { name: 'By the whole picture' }).click();
    await list.waitFor();
    await page.getByRole('button', { name: 'By a region' }).click();
    await sheet.press('ArrowRight');
    await sheet.press('Enter');
    await region.waitFor();
    await region.getByRole('button').first().click();
    await page.waitForURL((url) => !url.search.includes('region'));
    await list.waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('says what it needs, and has it computed', async () => {
    const { page } = await stage.open('/projects/streets/data');
    await page.locator('[data-tile]').first().dblclick();
    await page.getByRole('button', { name: /^Show/ }).click();
    await page.getByRole('button', { name: 'Compare 40 pictures by pixels' }).click();
    await page.getByRole('list', { name: 'Like this picture' }).waitFor();
    await page.context().close();
  });
});
