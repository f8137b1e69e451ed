import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { chromium, useStage } from './stage.js';

describe.skipIf(!chromium)('the map', () => {
  const stage = useStage();

  it('offers to compute what it needs, shows how far that is, and then the pictures', async () => {
    const { page, errors } = await stage.open('/projects/insects/map');
    await page.getByRole('button', { name: 'Compare 60 pictures by pixels' }).click();
    await page.getByRole('progressbar', { name: 'Computing vectors' }).waitFor();
    await page.getByRole('application', { name: /^Map of 60 pictures/ }).waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('marks what is drawn around, tags it, takes that back, and shows it on the wall', async () => {
    const { page, errors } = await stage.open('/projects/sample/map');
    const map = page.getByRole('application');
    await map.waitFor();
    const box = (await map.boundingBox())!;
    const draw = async (places: readonly (readonly [number, number])[]) => {
      const at = ([x, y]: readonly [number, number]) => [box.x + x * box.width, box.y + y * box.height] as const;
      await page.mouse.move(...at(places[0]!));
      await page.mouse.down();
      for (const place of places.slice(1)) await page.mouse.move(...at(place), { steps: 6 });
      await page.mouse.up();
    };
    await draw([
      [0.02, 0.02],
      [0.98, 0.02],
      [0.98, 0.98],
      [0.02, 0.98],
    ]);
    const bar = page.getByRole('toolbar', { name: 'Marked pictures' });
    await bar.getByText('240 marked').waitFor();
    await page.keyboard.press('Escape');
    await bar.waitFor({ state: 'detached' });
    await draw([
      [0.02, 0.5],
      [0.5, 0.5],
      [0.5, 0.98],
      [0.02, 0.98],
    ]);
    const count = Number.parseInt((await bar.getByRole('status').textContent())!, 10);
    expect(count).toBeGreaterThan(10);
    expect(count).toBeLessThan(150);
    await page.keyboard.press('t');
    await page.keyboard.type('corner');
    await page.keyboard.press('Enter');
    await page.getByText(`${count} pictures tagged “corner”`).waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText(`Undone for ${count} pictures`).waitFor();
    await bar.getByRole('button', { name: 'Show on the wall' }).click();
    await page.waitForURL('**/projects/sample/data?sha256=**');
    await page.getByRole('group', { name: `${count} pictures` }).waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('takes marked pictures off when they are removed, and puts them back', async () => {
    const { page } = await stage.open('/projects/shapes/map');
    await page.getByRole('application', { name: /^Map of 24 pictures/ }).waitFor();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('x');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('x');
    await page.getByText('2 marked').waitFor();
    await page.keyboard.press('Delete');
    await page.getByRole('application', { name: /^Map of 22 pictures/ }).waitFor();
    await page.keyboard.press('Control+z');
    await page.getByRole('application', { name: /^Map of 24 pictures/ }).waitFor();
    await page.context().close();
  });

  it('goes from picture to picture by arrows, opens one by Enter or a click, and keeps what is seen in the address', async () => {
    const { page, errors } = await stage.open('/projects/sample/map');
    const map = page.getByRole('application');
    await map.waitFor();
    await page.keyboard.press('+');
    await page.waitForURL(/view=0\.5%2C0\.5%2C1\.5/);
    await page.keyboard.press('f');
    await page.waitForURL((url) => !url.search.includes('view'));
    await page.keyboard.press('ArrowLeft');
    const name = page.getByText(/^sample_\d+\.svg$/);
    const first = await name.textContent();
    await page.keyboard.press('ArrowDown');
    await expect.poll(() => name.textContent()).not.toBe(first);
    const second = (await name.textContent())!;
    const ring = await map.locator('circle').boundingBox();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: second }).waitFor();
    await page.goBack();
    await map.waitFor();
    await page.mouse.click(ring!.x + ring!.width / 2, ring!.y + ring!.height / 2);
    await page.getByRole('heading', { name: second }).waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('comes nearer by the wheel, moves by the hand, and saves the picture and the table', async () => {
    const { page } = await stage.open('/projects/sample/map');
    const map = page.getByRole('application');
    await map.waitFor();
    const box = (await map.boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.wheel(0, -400);
    await page.waitForURL(/view=0\.[45]\d*%2C0\.[45]\d*%2C[12]\.\d+/);
    await page.keyboard.press('h');
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2 - 120, box.y + box.height / 2, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/view=0\.[6-9]\d+%2C/);
    const saved = async (name: string) => {
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name }).click();
      const file = await download;
      return { name: file.suggestedFilename(), bytes: await readFile((await file.path())!) };
    };
    const table = await saved('Save as CSV');
    expect(table.name).toBe('sample-map.csv');
    const lines = table.bytes.toString().split('\n');
    expect(lines).toHaveLength(241);
    expect(lines[0]).toBe('sha256,x,y,class');
    expect(lines[1]).toMatch(/^[0-9a-f]{64},0\.\d+,0\.\d+,(disc|block)?$/);
    const picture = await saved('Save as PNG');
    expect(picture.bytes.subarray(1, 4).toString()).toBe('PNG');
    await page.context().close();
  });
});
