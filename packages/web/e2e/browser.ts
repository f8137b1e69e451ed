import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright-core';

/** Chromium as Debian installs it, or where `FOVEA_CHROMIUM` says. Undefined where there is none: tests then skip. */
export function findChromium(): string | undefined {
  return [process.env.FOVEA_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
    (path) => path !== undefined && existsSync(path),
  );
}

/** A headless browser that talks to nobody but the page's server. */
export function launchBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** The built app. */
export const dist = fileURLToPath(new URL('../../dist', import.meta.url));
