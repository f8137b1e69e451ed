import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { dist, findChromium, launchBrowser } from './browser.js';
import type { Scene } from './fixture/home.js';
import { type Fixture, startFixture } from './fixture/server.js';

/** Whether there is a browser to test in; says so once where there is none. */
export const chromium = findChromium();
if (!chromium) console.warn('No Chromium found (FOVEA_CHROMIUM names one): the browser tests are skipped.');

/** A browser, for tests that need no fixture. */
export function launch(): Promise<Browser> {
  if (!chromium) throw new Error('internal: no browser to launch');
  return launchBrowser(chromium);
}

/** A page, and what went wrong in it: errors in the console, errors nobody caught. */
export interface Opened {
  readonly page: Page;
  readonly errors: string[];
}

/** What a test file needs: a fixture and a browser of its own, there before its tests and gone after them. */
export interface Stage {
  readonly fixture: Fixture;
  open(path: string, options?: BrowserContextOptions): Promise<Opened>;
}

/** Sets the stage for a file's tests. */
export function useStage(scene: Scene = 'full'): Stage {
  let browser: Browser;
  let fixture: Fixture;
  beforeAll(async () => {
    if (!chromium) return;
    fixture = await startFixture(dist, scene);
    browser = await launchBrowser(chromium);
  });
  afterAll(async () => {
    await browser?.close();
    await fixture?.close();
  });
  return {
    get fixture() {
      return fixture;
    },
    async open(path, options = {}) {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
      await context.addInitScript(watchShifts);
      const page = await context.newPage();
      const errors: string[] = [];
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
      page.on('pageerror', (error) => errors.push(String(error)));
      page.setDefaultTimeout(15_000);
      await page.goto(fixture.origin + path);
      return { page, errors };
    },
  };
}

/** Sum of the layout shifts nobody asked for (CLS without its windows), so far. */
export function shiftsOf(page: Page): Promise<number> {
  return page.evaluate(() => (window as unknown as Shifts).shifts);
}

/** What shifted so far, when and by how much, for the message of a test that expected nothing to. */
export function whatShifted(page: Page): Promise<string> {
  return page.evaluate(() => (window as unknown as Shifts).shifted.join('\n'));
}

interface Shifts {
  shifts: number;
  shifted: string[];
}

function watchShifts(): void {
  const seen = window as unknown as Shifts;
  seen.shifts = 0;
  seen.shifted = [];
  interface LayoutShift extends PerformanceEntry {
    readonly value: number;
    readonly hadRecentInput: boolean;
    readonly sources: readonly {
      readonly node: Node | null;
      readonly previousRect: DOMRect;
      readonly currentRect: DOMRect;
    }[];
  }
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as LayoutShift[]) {
      if (entry.hadRecentInput) continue;
      seen.shifts += entry.value;
      for (const { node, previousRect: from, currentRect: to } of entry.sources) {
        const what = (node instanceof Element ? node.outerHTML : node?.textContent)?.slice(0, 100);
        seen.shifted.push(
          `${entry.value.toFixed(4)} at ${Math.round(entry.startTime)} ms, ` +
            `${from.x} ${from.y} ${from.width} ${from.height} to ${to.x} ${to.y} ${to.width} ${to.height}: ${what}`,
        );
      }
    }
  }).observe({ type: 'layout-shift', buffered: true });
}
