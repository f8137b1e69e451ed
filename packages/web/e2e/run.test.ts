import { describe, expect, it } from 'vitest';
import { chromium, shiftsOf, useStage } from './stage.js';

describe.skipIf(!chromium)('a run page', () => {
  const stage = useStage();
  const path = '/projects/sample/runs/run-live';

  it('goes on live, without a reload and without anything jumping', async () => {
    const { page, errors } = await stage.open(path);
    const step = page.getByText(/^Step \d+ of 300$/);
    const before = await step.textContent();
    await page.waitForFunction(
      (old) =>
        [...document.querySelectorAll('p')].some(
          (p) => /^Step \d+ of 300$/.test(p.textContent!) && p.textContent !== old,
        ),
      before,
    );
    expect(await page.locator('canvas').count()).toBe(2);
    expect(await shiftsOf(page)).toBeLessThan(0.02);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('shows what the model saw by epoch beside the truth, the epoch in the address', async () => {
    const { page } = await stage.open('/projects/cars/runs/run-done');
    const samples = page.getByRole('region', { name: 'What it sees' });
    await samples
      .getByText('of 1 found')
      .or(samples.getByText(/\d of \d found/))
      .first()
      .waitFor();
    await samples.getByRole('slider', { name: 'Epoch' }).fill('0');
    await page.waitForURL('**epoch=1');
    await page.keyboard.press('Escape');
    await page.context().close();
  });

  it('shows what a segmenter saw as label maps over the picture', async () => {
    const { page, errors } = await stage.open('/projects/streets/runs/run-pixels');
    const samples = page.getByRole('region', { name: 'What it sees' });
    await samples
      .getByText(/\d+(\.\d+)? ?% of pixels right/)
      .first()
      .waitFor();
    const overlays = samples.locator('img[alt=""]');
    expect(await overlays.count()).toBeGreaterThanOrEqual(2);
    await samples.getByRole('slider', { name: 'Label strength' }).fill('0.2');
    expect(await overlays.first().evaluate((element) => getComputedStyle(element).opacity)).toBe('0.2');
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it('stops, says what comes next, and resumes', async () => {
    const { page } = await stage.open(path);
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('resuming goes on from the last checkpoint').waitFor();
    await page.getByRole('main').getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    await page.context().close();
  });

  it('says when the connection is lost, and finds back by itself', async () => {
    const { page } = await stage.open(path);
    await page.getByText(/^Step \d+ of 300$/).waitFor();
    stage.fixture.away = true;
    await page.getByText('Connection lost, trying again').waitFor();
    stage.fixture.away = false;
    await page.getByText('Connection lost, trying again').waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('leads from a finished run to its model', async () => {
    const { page } = await stage.open('/projects/cars/runs/run-done');
    await page.getByRole('link', { name: 'Try the model' }).click();
    await page.getByText('Give it a picture').waitFor();
    await page.context().close();
  });
});

describe.skipIf(!chromium)('the first start', () => {
  const stage = useStage('starting');

  it('shows the sample as it is drawn', async () => {
    const { page, errors } = await stage.open('/');
    await page.getByRole('heading', { name: 'Fovea is setting up a sample for you' }).waitFor();
    expect(errors).toEqual([]);
    await page.context().close();
  });
});

describe.skipIf(!chromium)('the address /', () => {
  const stage = useStage();

  it('leads to what runs now', async () => {
    const { page } = await stage.open('/');
    await page.waitForURL('**/projects/sample/runs/run-live');
    await page.context().close();
  });
});
