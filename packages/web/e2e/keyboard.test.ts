import { describe, expect, it } from 'vitest';
import { chromium, useStage } from './stage.js';

describe.skipIf(!chromium)('by keyboard alone', () => {
  const stage = useStage();

  it('reaches everything on the page, and shows where it is', async () => {
    for (const path of [
      '/projects',
      '/projects/cars/data',
      '/projects/cars/runs/run-done',
      '/projects/cars/models/cars',
    ]) {
      const { page } = await stage.open(path);
      await page.locator('h1').waitFor();
      await page.waitForTimeout(500);
      const wanted = await page.evaluate(() => {
        const focusable = 'a[href], button:not(:disabled), input:not([hidden]):not(:disabled), summary, [tabindex="0"]';
        return [...document.querySelectorAll<HTMLElement>(focusable)].filter(
          (one) => one.tabIndex >= 0 && one.checkVisibility(),
        ).length;
      });
      const seen = await page.evaluate(() => 0);
      let reached = seen;
      let hidden = 0;
      for (let stop = 0; stop < wanted + 12; stop++) {
        await page.keyboard.press('Tab');
        const at = await page.evaluate(() => {
          const one = document.activeElement as HTMLElement;
          if (one === document.body || one.dataset.seen) return 'old';
          one.dataset.seen = 'yes';
          return getComputedStyle(one).outlineStyle === 'none' ? 'hidden' : 'shown';
        });
        if (at !== 'old') reached++;
        if (at === 'hidden') hidden++;
      }
      expect(hidden, path).toBe(0);
      expect(reached, path).toBeGreaterThanOrEqual(wanted - 1);
      await page.context().close();
    }
  });

  it('goes through the wall with arrows, the inspector following, and the address too', async () => {
    const { page } = await stage.open('/projects/cars/data');
    await page.locator('[data-tile]').first().waitFor();
    await page.keyboard.press('ArrowRight');
    const inspector = page.getByRole('complementary');
    await inspector.getByText('1 of 120').waitFor();
    await page.keyboard.press('ArrowRight');
    await inspector.getByText('2 of 120').waitFor();
    await page.keyboard.press('ArrowDown');
    await inspector.getByText('2 of 120').waitFor({ state: 'detached' });
    const address = page.url();
    expect(address).toMatch(/pic=[0-9a-f]{64}/);
    const name = await inspector.getByRole('heading').first().textContent();
    await page.reload();
    await inspector.getByRole('heading', { name: name! }).waitFor();
    await page.keyboard.press('Escape');
    await inspector.waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('searches everything with Ctrl K', async () => {
    const { page } = await stage.open('/projects/cars/data');
    await page.locator('h1').waitFor();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('three');
    await page.getByRole('option', { name: 'three' }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/projects/three/data');
    await page.context().close();
  });

  it('shows the keys of the page with ?, and leaves with Escape', async () => {
    const { page } = await stage.open('/projects/cars/data');
    await page.locator('h1').waitFor();
    await page.keyboard.press('?');
    const sheet = page.getByRole('dialog');
    await sheet.getByText('Larger pictures').waitFor();
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'detached' });
    await page.keyboard.press('g');
    await page.keyboard.press('m');
    await page.waitForURL('**/projects/cars/models');
    await page.context().close();
  });
});
