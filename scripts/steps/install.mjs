import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { command, StepError } from './command.mjs';
import { root } from './root.mjs';

/** Installs what package-lock.json says, unless node_modules already holds exactly that. */
export async function install() {
  const reason = whyInstall();
  if (!reason) return;
  console.error(`Installing packages (${reason}) …`);
  // npm's own script where npm started us, so that no shell and no PATH is in between.
  const npm = process.env.npm_execpath;
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, signal } = npm?.endsWith('.js')
    ? await command(process.execPath, [npm, ...args])
    : await command(process.platform === 'win32' ? 'npm.cmd' : 'npm', args);
  if (signal) throw new StepError('Installing was interrupted; start again to finish it.');
  if (code !== 0) {
    throw new StepError(
      'Installing failed, see above. Usual causes: no way to the npm registry (a proxy? `npm config get registry`), ' +
        'no space left on the disk, or a folder that cannot be written.',
    );
  }
}

/**
 * Compares package-lock.json with the record npm leaves in node_modules. Contents and not dates: a fresh checkout of an
 * old branch has new dates, and an interrupted install has no record.
 */
function whyInstall() {
  const record = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(record)) return 'none are there yet';
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  let present;
  try {
    present = JSON.parse(readFileSync(record, 'utf8')).packages;
  } catch {
    return 'the last install did not finish';
  }
  for (const [path, entry] of Object.entries(wanted)) {
    // Optional ones may be for another platform; workspaces themselves are links.
    if (!path.startsWith('node_modules/') || entry.optional || entry.devOptional || entry.peer) continue;
    const there = present[path];
    if (!there || there.version !== entry.version || there.integrity !== entry.integrity) {
      return `${path.slice('node_modules/'.length)} is ${there ? 'outdated' : 'missing'}`;
    }
    if (!existsSync(join(root, path))) return `${path.slice('node_modules/'.length)} is missing`;
  }
  return null;
}
