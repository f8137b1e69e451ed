import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromium, launch } from './stage.js';

const command = fileURLToPath(new URL('../../../cli/bin/fovea.js', import.meta.url));
const built = existsSync(fileURLToPath(new URL('../../../cli/dist/main.js', import.meta.url)));
if (!built) console.warn('The command line is not built: the web app is not tested against the real server.');

/** The same app over the server itself, with its database, its picture decoder and its content security policy. */
describe.skipIf(!chromium || !built)('with the real server', () => {
  let home: string;
  let server: ChildProcess;
  let origin: string;
  let browser: Browser;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'fovea-web-'));
    server = spawn(process.execPath, [command, 'serve', '--empty', '--home', home, '--port', '0']);
    origin = await readOrigin(server);
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    if (server && server.exitCode === null) {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGINT');
      await ended;
    }
    await rm(home, { recursive: true, force: true });
  });

  it('goes from an empty home to a project with pictures, and says what it refused', async () => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(origin);
    const picture = await page.screenshot({ type: 'jpeg' });
    await page.getByLabel('Name').fill('web-test');
    await page.getByRole('button', { name: 'Create project' }).click();
    await page.waitForURL('**/projects/web-test/data');
    await page.getByText('Drop the first pictures here').waitFor();
    expect(errors).toEqual([]);

    await page.locator('input[data-upload]').setInputFiles([
      { name: 'screen.jpg', mimeType: 'image/jpeg', buffer: picture },
      { name: 'broken.jpg', mimeType: 'image/jpeg', buffer: picture.subarray(0, 900) },
    ]);
    await page.getByRole('heading', { name: '1 picture added' }).waitFor();
    await page.getByRole('status').getByText('broken.jpg').waitFor();
    await page.locator('[data-tile]').click();
    const inspector = page.getByRole('complementary');
    await inspector.getByText('1,280 × 720').waitFor();
    await page.reload();
    await inspector.getByText('screen.jpg').waitFor();
    await page.close();
  });

  it('tags, filters, asks in SQL, exports, undoes, and knows what a picture is like', async () => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(`${origin}/projects/web-test/data`);
    await page.locator('[data-tile]').first().waitFor();
    await page.keyboard.press('ControlOrMeta+a');
    await page.keyboard.press('t');
    await page.getByRole('combobox', { name: 'Tag' }).fill('screen');
    await page.keyboard.press('Enter');
    await page.getByText('1 picture tagged “screen”').waitFor();
    await page.getByRole('button', { name: 'Tags' }).click();
    await page.getByRole('group', { name: 'Tag', exact: true }).getByRole('checkbox', { name: 'screen 1' }).click();
    await page.waitForURL('**tag=screen');
    await page.keyboard.press('Escape');
    await page.getByRole('group', { name: '1 picture' }).waitFor();

    await page.getByRole('button', { name: 'Export' }).click();
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'JSON lines' }).click(),
    ]);
    const row = JSON.parse(Buffer.concat(await (await file.createReadStream()).toArray()).toString());
    expect(row).toMatchObject({ name: 'screen.jpg', width: 1280, height: 720, tags: ['screen'] });

    await page.getByRole('button', { name: 'Ask in SQL' }).click();
    const field = page.getByRole('textbox', { name: 'SQL' });
    await page.getByText('embeddings').waitFor();
    await field.fill('selct 1');
    await page.keyboard.press('ControlOrMeta+Enter');
    await page
      .getByRole('alert')
      .getByText(/syntax error at or near "selct"/)
      .waitFor();
    await field.fill("select id as media_id, brightness from media where name = 'screen.jpg' -- this one");
    await page.keyboard.press('ControlOrMeta+Enter');
    await page.getByRole('button', { name: 'Show these pictures' }).click();
    await page.getByRole('group', { name: '1 picture' }).waitFor();

    await page.getByRole('link', { name: 'Statistics' }).click();
    await page.getByRole('figure').filter({ hasText: 'Brightness' }).locator('canvas').waitFor();
    await page.goBack();
    await page.locator('[data-tile]').dblclick();
    await page.getByRole('heading', { name: 'Pixels' }).waitFor();
    await page.getByRole('img', { name: /How often each brightness occurs/ }).waitFor();
    await page.getByRole('button', { name: 'Take the tag screen off' }).click();
    // The toast of this action, not that of the tagging above, which a fast run still shows.
    const said = page.getByText('Tag “screen” taken off 1 picture');
    await said.locator('xpath=ancestor::*[.//button[normalize-space()="Undo"]][1]//button[.="Undo"]').click();
    await page.getByRole('button', { name: 'Take the tag screen off' }).waitFor();
    // A refused question is an answer of the server's too.
    expect(errors.filter((text) => !text.includes('400'))).toEqual([]);
    await page.close();
  });

  it('shows every page of the new project', async () => {
    for (const path of [
      '/projects',
      '/projects/web-test/statistics',
      '/projects/web-test/snapshots',
      '/projects/web-test/runs',
      '/projects/web-test/train',
      '/projects/web-test/models',
      '/jobs',
    ]) {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
      page.on('pageerror', (error) => errors.push(String(error)));
      await page.goto(origin + path);
      await page.getByRole('heading', { level: 1 }).waitFor();
      await page.locator('[aria-busy]').waitFor({ state: 'detached' });
      expect(await page.getByRole('alert').count(), path).toBe(0);
      expect(errors, path).toEqual([]);
      await page.close();
    }
  });
});

/** Waits for the address the server prints. */
function readOrigin(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const read = (chunk: Buffer) => {
      text += chunk.toString();
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
      if (found) resolve(found);
    };
    server.stdout?.on('data', read);
    server.stderr?.on('data', read);
    server.once('exit', (code) => reject(new Error(`fovea serve ended with ${code}: ${text}`)));
  });
}
