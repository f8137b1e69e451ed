import { describe, expect, it } from 'vitest';
import { chromium, useStage } from './stage.js';

describe.skipIf(!chromium)("a picture's page", () => {
  const stage = useStage();

  it('opens by Enter and by double click, arrows go through the listing, Escape goes back to the same place', async () => {
    const { page, errors } = await stage.open('/projects/many/data?class=dog');
    await page.locator('[data-index="2"] [data-tile]').dblclick();
    await page.waitForURL('**/pictures/**');
    const heading = page.getByRole('heading', { level: 1 });
    await page.getByText('3 of 2,597').waitFor();
    const name = await heading.textContent();
    await page.keyboard.press('ArrowRight');
    await page.getByText('4 of 2,597').waitFor();
    expect(await heading.textContent()).not.toBe(name);
    await page.keyboard.press('ArrowLeft');
    await page.getByText('3 of 2,597').waitFor();
    await page.keyboard.press('Escape');
    await page.waitForURL('**/data?class=dog**');
    await page.getByRole('complementary').getByRole('heading', { name: name! }).waitFor();
    await page.keyboard.press('Enter');
    await heading.getByText(name!).waitFor();
    // The first click opens the inspector over the last picture of the row: the second one means it all the same.
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.getByRole('complementary').waitFor({ state: 'detached' });
    const last = page.locator('[data-wall] [role=group] > div').first().locator('[data-tile]').last();
    const label = (await last.getAttribute('aria-label'))!.split(',')[0]!;
    await last.dblclick();
    await heading.getByText(label).waitFor();
    // A bare link finds its place among all pictures.
    await page.goto(page.url().replace(/\?.*/, ''));
    await page.getByText(/ of 10,000$/).waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('shows what models say, dashed, as sure as wanted; facts, EXIF to look through, and tags to change', async () => {
    const { page, errors } = await stage.open('/projects/many/data?predicted=dog');
    await page.locator('[data-index="0"] [data-tile]').dblclick();
    await page.getByRole('heading', { name: 'Predictions' }).waitFor();
    const dashed = page.locator('.boxes.dashed .line');
    await dashed.first().waitFor();
    await page.getByRole('button', { name: /^cars@1/ }).click();
    await dashed.first().waitFor({ state: 'detached' });
    await page.getByRole('button', { name: /^cars@1/ }).click();
    await page.keyboard.press('p');
    await dashed.first().waitFor({ state: 'detached' });

    for (const group of ['File', 'Camera', 'Place', 'Pixels', 'Where it came from'])
      await page.getByRole('heading', { name: group, exact: false }).first().waitFor();
    await page.getByRole('img', { name: /How often each brightness occurs/ }).waitFor();

    await page.getByRole('button', { name: 'Add a tag' }).click();
    await page.getByRole('combobox', { name: 'Add a tag' }).fill('glare');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Take the tag glare off' }).click();
    await page.getByRole('button', { name: 'Take the tag glare off' }).waitFor({ state: 'detached' });
    await page.getByRole('combobox', { name: 'Split' }).selectOption('test');
    await page.getByText('1 picture: Test').waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });
});

describe.skipIf(!chromium)('a picture that is not there', () => {
  const stage = useStage();

  it('is said to be missing, with its reason', async () => {
    const { page } = await stage.open(`/projects/many/pictures/${'0'.repeat(64)}`);
    await page
      .getByRole('alert')
      .getByText(/has no picture 0000/)
      .waitFor();
    await page.context().close();
  });
});

describe.skipIf(!chromium)('statistics', () => {
  const stage = useStage();

  it('are of the filter, lead to their pictures, and can be taken away', async () => {
    const { page, errors } = await stage.open('/projects/many/data?split=val');
    await page.locator('[data-tile]').first().waitFor();
    await page.getByRole('link', { name: 'Statistics' }).click();
    await page.waitForURL('**/statistics?split=val');
    const classes = page.getByRole('figure').filter({ hasText: 'Classes' });
    await classes.locator('canvas').waitFor();
    const [csv] = await Promise.all([
      page.waitForEvent('download'),
      classes.getByRole('button', { name: 'Save as CSV' }).click(),
    ]);
    expect(csv.suggestedFilename()).toBe('classes.csv');
    const text = await (await csv.createReadStream()).toArray();
    const lines = Buffer.concat(text).toString().split('\n');
    expect(lines[0]).toBe('name,objects,pictures');
    expect(lines).toHaveLength(7);
    const [png] = await Promise.all([
      page.waitForEvent('download'),
      classes.getByRole('button', { name: 'Save as PNG' }).click(),
    ]);
    expect(png.suggestedFilename()).toBe('classes.png');
    // The longest bar is the first class of the table.
    const box = (await classes.locator('canvas').boundingBox())!;
    await page.mouse.click(box.x + box.width * 0.3, box.y + 20);
    await page.waitForURL('**/data?**');
    const wanted = new URL(page.url()).searchParams;
    expect(wanted.get('class')).toBe(lines[1]!.split(',')[0]);
    expect(wanted.get('split')).toBe('val');
    expect(errors).toEqual([]);
    await page.context().close();
  });
});

describe.skipIf(!chromium)('questions in SQL', () => {
  const stage = useStage();

  it('are answered by Ctrl Enter, refused in the database’s words, and lead to their pictures', async () => {
    const { page } = await stage.open('/projects/many/data');
    await page.locator('[data-tile]').first().waitFor();
    await page.keyboard.press('q');
    const field = page.getByRole('textbox', { name: 'SQL' });
    await field.fill('select x from nothing');
    await page.keyboard.press('ControlOrMeta+Enter');
    await page.getByRole('alert').getByText('Catalog Error: Table with name nothing does not exist!').waitFor();
    await field.fill('select sha256, name from media limit 5');
    await page.keyboard.press('ControlOrMeta+Enter');
    await page.getByText('5 rows in').waitFor();
    await page.getByRole('cell', { name: 'many_00004.svg' }).waitFor();
    await page.getByRole('button', { name: 'Show these pictures' }).click();
    await page.getByRole('group', { name: '5 pictures' }).waitFor();
    await page.getByRole('button', { name: /^Remove SQL/ }).click();
    await page.getByRole('group', { name: '10000 pictures' }).waitFor();
    await field.focus();
    await page.keyboard.press('Escape');
    await field.waitFor({ state: 'detached' });
    await page.context().close();
  });
});
