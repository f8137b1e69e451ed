import { describe, expect, it } from 'vitest';
import { chromium, useStage } from './stage.js';

describe.skipIf(!chromium)('the wall', () => {
  const stage = useStage();

  it('holds 10,000 pictures with few in the page, and the scroll bar true from the first moment', async () => {
    const { page } = await stage.open('/projects/many/data');
    await page.locator('[data-tile]').first().waitFor();
    const scroller = page.locator('[data-wall]');
    const first = await scroller.evaluate((element) => element.scrollHeight);
    await scroller.evaluate((element) => {
      element.scrollTop = element.scrollHeight;
    });
    await page.locator('[aria-label^="many_09999.svg"]').waitFor();
    expect(await page.locator('[data-tile]').count()).toBeLessThan(200);
    expect(await scroller.evaluate((element) => element.scrollHeight)).toBe(first);
    await page.context().close();
  });

  it('filters by class, label and name, with counts, and keeps the filters in the address', async () => {
    const { page } = await stage.open('/projects/many/data');
    await page.getByRole('button', { name: 'Class' }).click();
    await page.getByRole('checkbox', { name: /^dog / }).click();
    await page.waitForURL('**class=dog');
    await page.getByRole('group', { name: '2597 pictures' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Labels', exact: true }).click();
    // Counted with the class: of the pictures with a dog none is unlabelled.
    await page.getByRole('checkbox', { name: /^Labelled 2,597/ }).waitFor();
    expect(await page.getByRole('checkbox', { name: /^Unlabelled/ }).count()).toBe(0);
    await page.keyboard.press('Escape');
    await page.getByRole('textbox', { name: 'Filter by name' }).fill('many_00008');
    await page.waitForURL('**q=many_00008**');
    await page.getByText('No picture matches these filters.').waitFor();
    await page.getByRole('button', { name: 'Remove Class dog' }).click();
    await page.getByRole('group', { name: '1 picture', exact: true }).waitFor();
    expect(page.url()).not.toContain('class=');
    await page.reload();
    await page.getByRole('group', { name: '1 picture', exact: true }).waitFor();
    await page.context().close();
  });

  it('filters by a range, drawn as what is there, and by more than one value', async () => {
    const { page, errors } = await stage.open('/projects/many/data');
    await page.getByRole('button', { name: 'Look' }).click();
    const least = page.getByRole('textbox', { name: 'Brightness, at least' });
    await least.fill('0.6');
    await least.press('Enter');
    await page.waitForURL('**brightness=0.6**');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /Remove Brightness at least 0.6/ }).waitFor();
    await page.getByRole('button', { name: 'Split' }).click();
    await page.getByRole('checkbox', { name: /^Val / }).click();
    await page.getByRole('checkbox', { name: /^No split / }).click();
    await page.keyboard.press('Escape');
    expect(await page.getByRole('button', { name: /^Remove / }).count()).toBe(3);
    await page.getByRole('button', { name: 'Clear all' }).click();
    await page.getByRole('group', { name: '10000 pictures' }).waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('filters by a rectangle on the map, and sorts, by mouse and by link', async () => {
    const { page, errors } = await stage.open('/projects/many/data?place=40,-20,60,20&sort=-brightness');
    await page.getByRole('button', { name: /^Remove Place/ }).waitFor();
    const first = await page.locator('[data-tile]').first().getAttribute('data-tile');
    await page.getByRole('button', { name: /^Place/ }).click();
    const map = page.getByRole('img', { name: /draw a rectangle/ });
    const box = (await map.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.2, box.y + box.height * 0.1);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.5, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL((url) => !url.search.includes('place=40'));
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /^Sort: Brightness/ }).click();
    await page.getByRole('menuitemradio', { name: 'Lowest first' }).click();
    await page.waitForURL('**sort=brightness');
    expect(await page.locator('[data-tile]').first().getAttribute('data-tile')).not.toBe(first);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('shows classes of whole pictures, and filters by them', async () => {
    const { page, errors } = await stage.open('/projects/insects/data');
    await page.locator('[data-tile]').first().getByText('ants').waitFor();
    await page.getByRole('button', { name: 'Class' }).click();
    await page.getByRole('checkbox', { name: /^bees / }).click();
    await page.waitForURL('**class=bees');
    await page.keyboard.press('Escape');
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

  it('draws outlines, masks, turned boxes and key points, and says which an object has', async () => {
    const { page, errors } = await stage.open('/projects/shapes/data');
    await page.locator('[data-tile] .boxes .body').first().waitFor();
    expect(await page.locator('[data-tile] .boxes .dots').count()).toBeGreaterThan(0);
    const masked = page.locator('[data-tile]:has(.boxes .body)').first();
    await masked.click();
    const inspector = page.getByRole('complementary', { name: 'Picture' });
    await inspector
      .getByText(/^(outline|mask)$/)
      .first()
      .waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('hands videos and archives over to be taken apart', async () => {
    const { page, errors } = await stage.open('/projects/empty/data');
    await page.getByText('Drop the first pictures here').waitFor();
    await page
      .locator('input[data-upload]')
      .setInputFiles([{ name: 'drive.mp4', mimeType: 'video/mp4', buffer: Buffer.from('not looked into') }]);
    await page.getByText('drive.mp4 is being taken apart').waitFor();
    await page.getByRole('status').getByRole('link', { name: 'Jobs' }).waitFor();
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
    await page.getByRole('heading', { name: '3 pictures added' }).waitFor();
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
