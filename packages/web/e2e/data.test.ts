import { describe, expect, it } from 'vitest';
import { chromium, useStage } from './stage.js';

describe.skipIf(!chromium)('the wall', () => {
  const stage = useStage();

  it('holds 10,000 pictures with few in the page, and the scroll bar true from the first moment', async () => {
    const { page } = await stage.open('/projects/many/data');
    await page.locator('[data-tile]').first().waitFor();
    const scroller = page.getByRole('group', { name: '10000 pictures' }).locator('..');
    const first = await scroller.evaluate((element) => element.scrollHeight);
    for (let jump = 0; jump < 60; jump++) {
      await scroller.evaluate((element) => {
        element.scrollTop = element.scrollHeight;
      });
      await page.waitForTimeout(60);
      expect(await page.locator('[data-tile]').count()).toBeLessThan(200);
      if ((await page.locator('[aria-label^="many_09999.svg"]').count()) > 0) break;
    }
    await page.locator('[aria-label^="many_09999.svg"]').waitFor();
    const last = await scroller.evaluate((element) => element.scrollHeight);
    expect(Math.abs(last - first) / last).toBeLessThan(0.1);
    await page.context().close();
  });

  it('filters by class, label and name, with counts, and keeps the filters in the address', async () => {
    const { page } = await stage.open('/projects/many/data');
    await page.getByRole('button', { name: /^dog / }).click();
    await page.waitForURL('**class=dog');
    await page.getByRole('button', { name: /^Unlabelled 1,111/ }).click();
    await page.getByText('No picture matches these filters.').waitFor();
    await page.getByRole('button', { name: 'Show all pictures' }).click();
    await page.getByRole('textbox', { name: 'Filter by name' }).fill('many_00042');
    await page.getByRole('group', { name: '1 picture', exact: true }).waitFor();
    expect(page.url()).toContain('q=many_00042');
    await page.context().close();
  });

  it('shows classes of whole pictures, and filters by them', async () => {
    const { page, errors } = await stage.open('/projects/insects/data');
    await page.locator('[data-tile]').first().getByText('ants').waitFor();
    await page.getByRole('button', { name: /^bees / }).click();
    await page.waitForURL('**class=bees');
    const tile = page.locator('[data-tile][aria-label="insects_00001.svg, bees"]');
    await tile.click();
    const inspector = page.getByRole('complementary', { name: 'Picture' });
    await inspector.getByRole('heading', { name: 'Class of the picture' }).waitFor();
    expect(await inspector.getByText('Classified').count()).toBe(1);
    expect(await inspector.getByRole('heading', { name: /box/ }).count()).toBe(0);
    await page.keyboard.press('b');
    await tile.getByText('bees').waitFor({ state: 'detached' });
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('draws label maps over pictures, as strongly as asked, and says what share a class has', async () => {
    const { page, errors } = await stage.open('/projects/streets/data');
    const tile = page.locator('[data-tile]').first();
    const map = tile.locator('img[src*="/label-map?map="]');
    await map.waitFor();
    await tile.click();
    const inspector = page.getByRole('complementary', { name: 'Picture' });
    await inspector.getByRole('heading', { name: '2 classes in its pixels' }).waitFor();
    await inspector.getByText('33.3%', { exact: true }).waitFor();
    await inspector.getByText('Unlabelled').waitFor();
    const slider = inspector.getByRole('slider', { name: 'Label strength' });
    await slider.focus();
    await page.keyboard.press('End');
    await page.waitForURL('**opacity=1');
    for (const one of [map, inspector.locator('img[src*="/label-map?map="]')]) {
      expect(await one.evaluate((element) => getComputedStyle(element).opacity)).toBe('1');
    }
    await page.keyboard.press('b');
    await map.waitFor({ state: 'detached' });
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('takes pictures into an empty project, and shows them', async () => {
    const { page, errors } = await stage.open('/projects/empty/data');
    await page.getByText('Drop the first pictures here').waitFor();
    const picture = (index: number) => ({
      name: `new-${index}.svg`,
      mimeType: 'image/svg+xml',
      buffer: Buffer.from(
        `<svg xmlns="http://www.w3.org/2000/svg" width="480" height="320"><circle r="${index}"/></svg>`,
      ),
    });
    await page.locator('input[data-upload]').setInputFiles([picture(1), picture(2), picture(3)]);
    await page.getByText('3 pictures added').waitFor();
    await page.getByRole('group', { name: '3 pictures' }).waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });
});

describe.skipIf(!chromium)('an empty home', () => {
  const stage = useStage('none');

  it('asks for a first project, refuses a bad name with its reason, and opens the new one', async () => {
    const { page } = await stage.open('/');
    await page.getByLabel('Name').fill('cars');
    await page.getByRole('button', { name: 'Create project' }).click();
    await page.waitForURL('**/projects/cars/data');
    await page.goto(`${stage.fixture.origin}/projects?create=true`);
    await page.getByLabel('Name').fill('cars');
    await page.getByRole('button', { name: 'Create project' }).click();
    await page.getByText('Project cars exists already').waitFor();
    await page.context().close();
  });
});
