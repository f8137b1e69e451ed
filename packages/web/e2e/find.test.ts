import { describe, expect, it } from 'vitest';
import { chromium, useStage } from './stage.js';

describe.skipIf(!chromium)('finding', () => {
  const stage = useStage();

  it('goes through near duplicates by keys: keeps one, removes the others, takes that back', async () => {
    const { page, errors } = await stage.open('/projects/sample/find');
    const groups = page.locator('[data-group]');
    await groups.first().waitFor();
    const before = await groups.count();
    expect(before).toBeGreaterThan(10);
    const first = groups.first();
    const names = await first.locator('ul p span:first-child').allTextContents();
    const rest = names.length - 1;
    await first.getByRole('button', { name: `${names[0]} is kept` }).waitFor();
    await page.keyboard.press('ArrowRight');
    await first.getByRole('button', { name: `${names[1]} is kept` }).waitFor();
    await page.keyboard.press('k');
    await page.getByText(`${rest} pictures removed from the project`).waitFor();
    const removed = page.getByRole('button', { name: `Keep ${names[0]}` });
    await removed.waitFor({ state: 'detached' });
    await page.getByText(`${240 - rest} pictures`, { exact: true }).waitFor();
    await page.keyboard.press('Control+z');
    await page.getByText(`Undone for ${rest} pictures`).waitFor();
    await removed.waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('t');
    await page.getByText(/^\d pictures tagged “duplicate”$/).waitFor();
    await expect.poll(() => groups.count()).toBe(before - 1);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('finds fewer where less difference is allowed, and says when there are none', async () => {
    const { page } = await stage.open('/projects/sample/find?by=model&distance=0');
    await page.getByText('No pictures are this much alike.').waitFor();
    await page.getByRole('button', { name: 'Allow more difference' }).click();
    await page.locator('[data-group]').first().waitFor();
    await page.context().close();
  });

  it('ranks outliers, marks some by keys, and tags them', async () => {
    const { page, errors } = await stage.open('/projects/sample/find?what=outliers');
    const list = page.getByRole('list', { name: 'Outliers' });
    await list.waitFor();
    const scores = (await list.locator('p span:last-child').allTextContents()).map(Number);
    expect(scores).toHaveLength(200);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('x');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('x');
    await page.getByText('2 marked').waitFor();
    await page.keyboard.press('t');
    await page.keyboard.type('strange');
    await page.keyboard.press('Enter');
    await page.getByText('2 pictures tagged “strange”').waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('says what outliers need, and has it computed', async () => {
    const { page } = await stage.open('/projects/streets/find?what=outliers');
    await page.getByRole('button', { name: 'Compare 40 pictures by pixels' }).click();
    await page.getByRole('list', { name: 'Outliers' }).waitFor();
    await page.context().close();
  });

  it('shows likely mistakes of each kind with truth and prediction, and marks one as reviewed', async () => {
    const { page, errors } = await stage.open('/projects/sample/find?what=mistakes');
    const list = page.getByRole('list', { name: 'Likely label mistakes' });
    await list.waitFor();
    for (const kind of ['Missing', 'Spurious', 'Confused', 'Misplaced']) {
      await page.getByRole('button', { name: new RegExp(`^${kind} \\d+`) }).click();
      const card = list.locator('[data-cell="0"]');
      await card.getByText(kind, { exact: true }).waitFor();
      await card.locator('svg.boxes').first().waitFor();
      expect(await card.locator('svg.boxes:not(.dashed) .line').count()).toBe(kind === 'Missing' ? 0 : 1);
      expect(await card.locator('svg.dashed .line').count()).toBe(kind === 'Spurious' ? 0 : 1);
    }
    const first = list.locator('[data-cell="0"]');
    const button = first.getByRole('button', { name: 'Reviewed' });
    const was = await button.getAttribute('aria-pressed');
    await button.click();
    await expect.poll(() => button.getAttribute('aria-pressed')).toBe(was === 'true' ? 'false' : 'true');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/projects/sample/pictures/*');
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('has a model predict where none did, and then shows what it found', async () => {
    const { page } = await stage.open('/projects/insects/find?what=mistakes&of=predicted-classes');
    await page.getByText('No model has predicted on these pictures yet.').waitFor();
    await page.getByRole('button', { name: /^Predict with/ }).click();
    await page.getByRole('list', { name: 'Likely label mistakes' }).waitFor();
    await page
      .getByText(/^Labelled (ants|bees), looks like (ants|bees)\.$/)
      .first()
      .waitFor();
    await page.context().close();
  });
});
