import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { chromium, useStage } from './stage.js';

const bar = (page: Page) => page.getByRole('toolbar', { name: 'Marked pictures' });
const tile = (page: Page, index: number) => page.locator(`[data-index="${index}"] [data-tile]`);

describe.skipIf(!chromium)('marked pictures', () => {
  const stage = useStage();

  it('are chosen by Ctrl and Shift, by a rectangle, and all at once; Escape lets go of them', async () => {
    const { page, errors } = await stage.open('/projects/many/data');
    await tile(page, 1).click({ modifiers: ['ControlOrMeta'] });
    await bar(page).getByText('1 marked').waitFor();
    await tile(page, 5).click({ modifiers: ['Shift'] });
    await bar(page).getByText('5 marked').waitFor();
    await tile(page, 3).click({ modifiers: ['ControlOrMeta'] });
    await bar(page).getByText('4 marked').waitFor();
    await page.keyboard.press('Escape');
    await bar(page).waitFor({ state: 'detached' });

    // From the margin, where there is nothing, over the first two rows.
    const first = (await tile(page, 0).boundingBox())!;
    await page.mouse.move(first.x - 10, first.y + 5);
    await page.mouse.down();
    await page.mouse.move(first.x + first.width + 20, first.y + first.height + 20, { steps: 6 });
    await page.mouse.up();
    await bar(page)
      .getByText(/^[3-9] marked$/)
      .waitFor();
    expect(new URL(page.url()).searchParams.get('pic')).toBeNull();

    await page.keyboard.press('ControlOrMeta+a');
    await bar(page).getByText('10,000 marked').waitFor();
    await page.keyboard.press('Escape');
    await bar(page).waitFor({ state: 'detached' });
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('are tagged by keyboard alone, the counts follow, and undo takes it back', async () => {
    const { page, errors } = await stage.open('/projects/cars/data');
    await page.locator('[data-tile]').first().waitFor();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    await bar(page).getByText('3 marked').waitFor();
    await page.keyboard.press('t');
    await page.getByRole('combobox', { name: 'Tag' }).fill('dusk');
    await page.keyboard.press('Enter');
    await page.getByText('3 pictures tagged “dusk”').waitFor();
    await page.getByRole('button', { name: 'Tags' }).click();
    await page.getByRole('group', { name: 'Tag', exact: true }).getByRole('checkbox', { name: 'dusk 3' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog', { name: 'Tags' }).waitFor({ state: 'detached' });
    await page.keyboard.press('ControlOrMeta+z');
    await page.getByText('Undone for 3 pictures').waitFor();
    await page.getByRole('button', { name: 'Tags' }).click();
    await page.getByRole('checkbox', { name: 'dusk 3' }).waitFor({ state: 'detached' });
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('are removed, and come back with the toast', async () => {
    const { page, errors } = await stage.open('/projects/insects/data');
    await page.getByRole('group', { name: '60 pictures' }).waitFor();
    await tile(page, 0).click({ modifiers: ['ControlOrMeta'] });
    await tile(page, 2).click({ modifiers: ['ControlOrMeta'] });
    await page.keyboard.press('Delete');
    await page.getByText('2 pictures removed from the project').waitFor();
    await page.getByRole('group', { name: '58 pictures' }).waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('group', { name: '60 pictures' }).waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('of a whole filter are reviewed at once', async () => {
    const { page, errors } = await stage.open('/projects/streets/data?reviewed=false');
    await page.locator('[data-tile]').first().waitFor();
    const before = await page.locator('[data-wall] [role=group]').getAttribute('aria-label');
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.press('r');
    await page.getByText(`${before} marked as reviewed`).waitFor();
    await page.getByText('No picture matches these filters.').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('group', { name: before! }).waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });
});

describe.skipIf(!chromium)('a million pictures', () => {
  const stage = useStage('million');

  it('are gone through to the middle and to the last, few in the page at a time, and pixel by pixel', async () => {
    const { page, errors } = await stage.open('/projects/million/data');
    await page.getByRole('group', { name: '1000000 pictures' }).waitFor();
    const wall = page.locator('[data-wall]');
    const lookAt = (share: number) =>
      wall.evaluate((element, at) => {
        element.scrollTop = element.scrollHeight * at;
      }, share);
    await lookAt(0.5);
    await page.waitForFunction(() => document.querySelectorAll('[data-tile]').length > 10);
    const at = () =>
      page
        .locator('[data-index]')
        .first()
        .evaluate((one) => Number((one as HTMLElement).dataset.index));
    const middle = await at();
    expect(Math.abs(middle - 500_000)).toBeLessThan(20_000);
    // A step of the wheel is as many pixels here as it is at the top.
    const moved = page.locator(`[data-index="${middle + 20}"]`);
    const before = (await moved.boundingBox())!.y;
    await page.mouse.move(800, 600);
    await page.mouse.wheel(0, 120);
    await page.waitForTimeout(600);
    expect(Math.abs(before - (await moved.boundingBox())!.y - 120)).toBeLessThan(2);
    await lookAt(1);
    await tile(page, 999_999).waitFor();
    expect(await page.locator('[data-tile]').count()).toBeLessThan(200);
    await tile(page, 999_999).click();
    await page.getByRole('complementary').getByText('1000000 of 1000000').waitFor();
    await page.keyboard.press('ArrowLeft');
    await page.getByRole('complementary').getByText('999999 of 1000000').waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
