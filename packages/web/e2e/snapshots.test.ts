import { describe, expect, it } from 'vitest';
import { chromium, useStage } from './stage.js';

describe.skipIf(!chromium)('snapshots', () => {
  const stage = useStage();

  it('makes one of the filter, compares it with another, and shows the pictures behind a number', async () => {
    const { page, errors } = await stage.open('/projects/sample/data?class=disc');
    await page.getByRole('link', { name: 'Snapshots' }).click();
    await page.getByRole('table', { name: 'Snapshots' }).waitFor();
    await page.keyboard.press('n');
    const form = page.getByRole('complementary', { name: 'Make a snapshot' });
    await form.getByText('Class: disc').waitFor();
    await form.getByLabel('Name').fill('discs');
    await form.getByLabel('Description').fill('Only what has a disc');
    await form.getByLabel('Seed').fill('7');
    await form.getByRole('button', { name: 'Make a snapshot' }).click();
    await page.getByText('Snapshot discs made').waitFor();
    const inspector = page.getByRole('complementary', { name: 'Snapshot' });
    await inspector.getByText('"class": "disc"').waitFor();
    await inspector.getByText('Only what has a disc').waitFor();
    await inspector.getByText('No run has used it yet.').waitFor();
    await inspector.getByLabel('Compare with…').selectOption({ label: 'snapshot-1' });
    await page.waitForURL('**/compare/b6d1f3a9c27e4410/*');
    const removed = page.getByRole('button', { name: /^\d+ ?Removed$/ });
    const count = Number.parseInt((await removed.textContent())!, 10);
    expect(count).toBeGreaterThan(20);
    await removed.click();
    await page.getByText(`${count} pictures`, { exact: true }).waitFor();
    expect(await page.getByRole('list', { name: 'Removed' }).getByRole('listitem').count()).toBe(Math.min(60, count));
    await page.getByRole('table', { name: 'Classes' }).getByRole('button', { name: 'block' }).click();
    await page.waitForURL('**class=block**');
    await page.getByRole('button', { name: 'Swap the two' }).click();
    await page.waitForURL('**/b6d1f3a9c27e4410');
    await page.getByRole('button', { name: new RegExp(`^${count} ?Added$`) }).waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('shows what came of one, and says why it cannot be deleted', async () => {
    const { page } = await stage.open('/projects/cars/snapshots');
    await page.getByRole('button', { name: 'snapshot-1' }).click();
    const inspector = page.getByRole('complementary', { name: 'Snapshot' });
    await inspector.getByRole('link', { name: 'cars version 3' }).waitFor();
    const download = page.waitForEvent('download');
    await inspector.getByRole('link', { name: 'Parquet' }).click();
    expect((await download).suggestedFilename()).toMatch(/\.parquet$/);
    await inspector.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('The snapshot "snapshot-1" cannot be deleted').first().waitFor();
    await page.getByRole('button', { name: 'snapshot-1' }).waitFor();
    await page.context().close();
  });

  it('deletes one that nothing uses, and takes that back', async () => {
    const { page } = await stage.open('/projects/shapes/snapshots');
    await page.getByRole('button', { name: 'snapshot-1' }).click();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('Snapshot snapshot-1 deleted').waitFor();
    await page.getByRole('button', { name: 'snapshot-1' }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('button', { name: 'snapshot-1' }).waitFor();
    await page.getByRole('button', { name: 'snapshot-1' }).click();
    await page.getByRole('button', { name: 'Delete' }).click();
    const gone = await page.waitForResponse((response) => response.request().method() === 'DELETE', {
      timeout: 12_000,
    });
    expect(gone.status()).toBe(200);
    await page.reload();
    await page.getByText('A snapshot freezes pictures').waitFor();
    await page.context().close();
  });
});
