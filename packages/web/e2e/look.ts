import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { dist, findChromium, launchBrowser } from './browser.js';
import { startFixture } from './fixture/server.js';

/**
 * Takes pictures of every page, light and dark, wide and narrow: `node dist-e2e/e2e/look.js <folder> [part of a page's name]`.
 * With FOVEA_SHARED, the cars project has real pictures.
 */
const pages: readonly [name: string, path: string, act?: 'open' | 'mark' | 'page' | 'try' | 'palette' | 'keys'][] = [
  ['projects', '/projects'],
  ['create', '/projects?create=true'],
  ['data', '/projects/cars/data'],
  ['data-open', '/projects/cars/data', 'open'],
  ['data-many', '/projects/many/data?size=96'],
  ['data-three', '/projects/three/data'],
  ['data-empty', '/projects/empty/data'],
  ['map', '/projects/sample/map'],
  ['map-empty', '/projects/streets/map'],
  ['data-filtered', '/projects/many/data?class=dog&brightness=0.4..0.6&split=train'],
  ['data-marked', '/projects/cars/data', 'mark'],
  ['data-shapes', '/projects/shapes/data?size=240'],
  ['data-sql', '/projects/many/data?ask=true'],
  ['statistics', '/projects/many/statistics'],
  ['picture', '/projects/many/data?predicted=dog', 'page'],
  ['find', '/projects/sample/find'],
  ['find-outliers', '/projects/sample/find?what=outliers'],
  ['find-mistakes', '/projects/sample/find?what=mistakes'],
  ['find-empty', '/projects/insects/find?what=outliers'],
  ['snapshots', '/projects/cars/snapshots'],
  ['snapshots-one', '/projects/cars/snapshots?snap=b6d1f3a9c27e4410'],
  ['snapshots-make', '/projects/cars/snapshots?make=true&q=cars'],
  ['compare', '/projects/cars/compare/snapshot-1/snapshot-1'],
  ['runs', '/projects/cars/runs'],
  ['run-live', '/projects/sample/runs/run-live'],
  ['run-done', '/projects/cars/runs/run-done'],
  ['run-failed', '/projects/cars/runs/run-failed'],
  ['train', '/projects/cars/train'],
  ['models', '/projects/cars/models'],
  ['models-empty', '/projects/three/models'],
  ['model', '/projects/cars/models/cars'],
  ['model-try', '/projects/cars/models/cars', 'try'],
  ['model-classes', '/projects/insects/models/insects', 'try'],
  ['model-pixels', '/projects/streets/models/streets', 'try'],
  ['model-alike', '/projects/insects/models/insects-alike', 'try'],
  ['jobs', '/jobs'],
  ['missing', '/projects/none/data'],
  ['palette', '/projects/cars/runs', 'palette'],
  ['keys', '/projects/cars/data', 'keys'],
];
const [folder = 'looks', only = ''] = process.argv.slice(2);
const chromium = findChromium();
if (!chromium) throw new Error('No Chromium found: set FOVEA_CHROMIUM to its path.');
await mkdir(folder, { recursive: true });
const shared = process.env.FOVEA_SHARED;
const full = await startFixture(dist, 'full', { shared });
const none = await startFixture(dist, 'none');
const starting = await startFixture(dist, 'starting');
const browser = await launchBrowser(chromium);
const sizes = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } };
for (const [size, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await browser.newContext({ viewport, colorScheme, hasTouch: size === 'narrow' });
    const page = await context.newPage();
    page.on('console', (message) => message.type() === 'error' && console.error(message.text()));
    page.on('pageerror', (error) => console.error(error));
    const shoot = async (name: string, origin: string, path: string, act?: (typeof pages)[number][2]) => {
      if (!name.includes(only)) return;
      await page.goto(origin + path);
      await page.waitForLoadState('load');
      await page.waitForTimeout(1200);
      if (act === 'open') await page.locator('[data-tile]').nth(1).click();
      if (act === 'mark') await page.keyboard.press('Control+a');
      if (act === 'page') await page.locator('[data-tile]').nth(1).dblclick();
      if (act === 'try') await page.locator('[data-held-out]').nth(1).click();
      if (act === 'palette') await page.keyboard.press('Control+k');
      if (act === 'keys') await page.keyboard.press('?');
      if (act) await page.waitForTimeout(800);
      await page.screenshot({ path: join(folder, `${name}-${size}-${colorScheme}.png`) });
      const rest = await page.evaluate(() => {
        const scroller = document.querySelector('main > div.overflow-y-auto');
        return scroller ? scroller.scrollHeight - scroller.clientHeight : 0;
      });
      if (rest > 80 && !act) {
        await page.setViewportSize({ width: viewport.width, height: viewport.height + rest });
        await page.waitForTimeout(400);
        await page.screenshot({ path: join(folder, `${name}-${size}-${colorScheme}-long.png`) });
        await page.setViewportSize(viewport);
      }
    };
    for (const [name, path, act] of pages) await shoot(name, full.origin, path, act);
    await shoot('first', none.origin, '/');
    await shoot('preparing', starting.origin, '/');
    await context.close();
  }
}
await browser.close();
await Promise.all([full.close(), none.close(), starting.close()]);
