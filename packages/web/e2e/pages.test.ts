import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { findLowContrast } from './contrast.js';
import { manyClasses } from './fixture/home.js';
import { drawPicture } from './fixture/pictures.js';
import { chromium, shiftsOf, useStage, whatShifted } from './stage.js';

const pages = {
  projects: '/projects',
  'new project': '/projects?create=true',
  data: '/projects/cars/data',
  'a picture': '/projects/three/data?labelled=true',
  'adding from a URL': '/projects/cars/data?from=true',
  'data with 3 pictures': '/projects/three/data',
  'data with none': '/projects/empty/data',
  'data filtered to none': '/projects/cars/data?q=nothing-is-called-this',
  'data with filters': '/projects/many/data?class=dog&brightness=0.4..0.6&tag=night&split=train',
  'data of all shapes': '/projects/shapes/data?size=240',
  'data with questions': '/projects/cars/data?ask=true',
  statistics: '/projects/many/statistics',
  'statistics of 3 pictures': '/projects/three/statistics',
  'statistics of none': '/projects/empty/statistics',
  'statistics filtered to none': '/projects/many/statistics?q=nothing-is-called-this',
  "a picture's page": `/projects/many/pictures/${drawPicture('many', 3, manyClasses).sha256}`,
  'a picture of shapes': `/projects/shapes/pictures/${drawPicture('shapes', 8, ['leaf', 'stone', 'bird'], 'shapes').sha256}`,
  'the map': '/projects/sample/map',
  'no map yet': '/projects/streets/map',
  'near duplicates': '/projects/sample/find',
  'no near duplicates': '/projects/three/find',
  'near duplicates by a model': '/projects/shapes/find?by=model',
  outliers: '/projects/sample/find?what=outliers',
  'no outliers yet': '/projects/insects/find?what=outliers',
  'likely mistakes of boxes': '/projects/sample/find?what=mistakes',
  'likely mistakes of classes': '/projects/insects/find?what=mistakes',
  'no predictions yet': '/projects/streets/find?what=mistakes&of=boxes',
  snapshots: '/projects/cars/snapshots',
  'a snapshot': '/projects/cars/snapshots?snap=b6d1f3a9c27e4410',
  'a new snapshot': '/projects/cars/snapshots?make=true&q=cars',
  'a snapshot beside itself': '/projects/cars/compare/snapshot-1/snapshot-1',
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
  'pictures with classes': '/projects/insects/data',
  'pictures with label maps': '/projects/streets/data',
  "a classifier's run": '/projects/insects/runs/run-classes',
  "a segmenter's run": '/projects/streets/runs/run-pixels',
  "an embedder's run": '/projects/insects/runs/run-same',
  'runs of two tasks': '/projects/insects/runs',
  'a choice of tasks to train': '/projects/insects/train',
  'nothing to train': '/projects/empty/train',
  'models of two tasks': '/projects/insects/models',
  'a classifier': '/projects/insects/models/insects',
  'a segmenter': '/projects/streets/models/streets',
  'an embedder': '/projects/insects/models/insects-alike',
  jobs: '/jobs',
  'an address of nothing': '/nowhere',
};

describe.skipIf(!chromium)('every page', () => {
  const stage = useStage();

  it.each(Object.entries(pages))(
    '%s: no errors, no shifts, legible in light and dark, at any width',
    async (_, path) => {
      const { page, errors } = await stage.open(path, { colorScheme: 'light', reducedMotion: 'reduce' });
      await page.locator('h1, main p').first().waitFor();
      await page.waitForTimeout(600);
      expect(await shiftsOf(page), await whatShifted(page)).toBeLessThan(0.01);
      expect(await findLowContrast(page)).toEqual([]);
      expect(await overflowOf(page)).toBeLessThanOrEqual(0);

      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await findLowContrast(page)).toEqual([]);

      await page.setViewportSize({ width: 390, height: 844 });
      await page.waitForTimeout(150);
      expect(await overflowOf(page)).toBeLessThanOrEqual(0);
      expect(errors).toEqual([]);

      // Other languages need words half as long again.
      for (const width of [390, 1440]) {
        await page.setViewportSize({ width, height: 844 });
        await page.evaluate(lengthenTexts);
        expect(await overflowOf(page), `longer words at ${width}`).toBeLessThanOrEqual(0);
      }
      await page.context().close();
    },
  );

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
        expect(await shiftsOf(page), `${path}\n${await whatShifted(page)}`).toBeLessThan(0.05);
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

/** How much wider than its window the page's content is, in pixels. */
function overflowOf(page: Page): Promise<number> {
  return page.evaluate(() => {
    const scroller = document.querySelector('main > .overflow-y-auto') ?? document.documentElement;
    const inside = scroller.scrollWidth - scroller.clientWidth;
    return Math.max(inside, document.documentElement.scrollWidth - innerWidth);
  });
}

function lengthenTexts(): void {
  const walker = document.createTreeWalker(document.getElementById('root')!, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.textContent!;
    if (/[a-z]{3}/i.test(text))
      node.textContent = text.replace(/[a-z]{2,}/gi, (word) => `${word}~${word.slice(0, Math.ceil(word.length / 2))}`);
  }
}
