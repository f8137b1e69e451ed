import { describe, expect, it } from 'vitest';
import { findLowContrast } from './contrast.js';
import { chromium, shiftsOf, useStage } from './stage.js';

const pages = {
  projects: '/projects',
  'new project': '/projects?create=true',
  data: '/projects/cars/data',
  'a picture': '/projects/three/data?labelled=true',
  'data with 3 pictures': '/projects/three/data',
  'data with none': '/projects/empty/data',
  'data filtered to none': '/projects/cars/data?q=nothing-is-called-this',
  snapshots: '/projects/cars/snapshots',
  'no snapshots': '/projects/empty/snapshots',
  runs: '/projects/cars/runs',
  'no runs': '/projects/three/runs',
  'a run under way': '/projects/sample/runs/run-live',
  'a finished run': '/projects/cars/runs/run-done',
  'a failed run': '/projects/cars/runs/run-failed',
  'a stopped run': '/projects/cars/runs/run-stopped',
  train: '/projects/cars/train',
  models: '/projects/cars/models',
  'no models': '/projects/three/models',
  'a model': '/projects/cars/models/cars',
  jobs: '/jobs',
  'an address of nothing': '/nowhere',
};

describe.skipIf(!chromium)('every page', () => {
  const stage = useStage();

  describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
    it.each(Object.entries(pages))(
      '%s: no errors, no shifts, legible, nothing wider than the window',
      async (_, path) => {
        const { page, errors } = await stage.open(path, { colorScheme, reducedMotion: 'reduce' });
        await page.locator('h1, main p').first().waitFor();
        await page.waitForTimeout(700);
        expect(errors).toEqual([]);
        expect(await shiftsOf(page)).toBeLessThan(0.01);
        expect(await findLowContrast(page)).toEqual([]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
        await page.context().close();
      },
    );
  });

  it.each(Object.entries(pages))('%s fits a narrow screen', async (_, path) => {
    const { page, errors } = await stage.open(path, { viewport: { width: 390, height: 844 } });
    await page.locator('h1, main p').first().waitFor();
    await page.waitForTimeout(300);
    expect(errors).toEqual([]);
    const wider = await page.evaluate(() => {
      const scroller = document.querySelector('main > .overflow-y-auto') ?? document.documentElement;
      return scroller.scrollWidth - scroller.clientWidth;
    });
    expect(wider).toBeLessThanOrEqual(0);
    await page.context().close();
  });

  it('keeps the sizes of pages while their data is on its way', async () => {
    stage.fixture.delayMs = 400;
    try {
      for (const path of [
        '/projects',
        '/projects/cars/data',
        '/projects/cars/runs/run-done',
        '/projects/cars/models/cars',
      ]) {
        const { page } = await stage.open(path);
        await page.waitForTimeout(2_200);
        expect(await shiftsOf(page), path).toBeLessThan(0.05);
        await page.context().close();
      }
    } finally {
      stage.fixture.delayMs = 0;
    }
  });

  it('says what went wrong, why and what to do, and recovers', async () => {
    stage.fixture.away = true;
    try {
      for (const path of [
        '/projects',
        '/projects/cars/runs',
        '/projects/cars/models/cars',
        '/projects/cars/runs/run-done',
      ]) {
        const { page } = await stage.open(path);
        const alert = page.getByRole('alert');
        await alert.waitFor();
        expect(await alert.textContent()).toContain('The database is being started');
        expect(await alert.textContent()).toContain('not_ready');
        await page.context().close();
      }
      const { page } = await stage.open('/projects/cars/runs');
      await page.getByRole('alert').waitFor();
      stage.fixture.away = false;
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByRole('table').waitFor();
    } finally {
      stage.fixture.away = false;
    }
  });

  it('names the known projects where one is unknown', async () => {
    const { page } = await stage.open('/projects/nope/data');
    const text = await page.getByRole('alert').textContent();
    expect(text).toContain('There is no project nope');
    expect(text).toContain('cars');
  });
});
