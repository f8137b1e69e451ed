// The Python that peers run in: what they import, from PyPI, in a folder for temporary files, installed once (PyTorch is
// several GB: PyPI's for Linux brings its GPU libraries). Fovea never needs it.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const folder = join(tmpdir(), 'fovea-bench-python');
const interpreter = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
const lock = `${folder}.lock`;

function imports(modules) {
  if (!existsSync(interpreter)) return false;
  try {
    execFileSync(interpreter, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Installs packages once, `modules` what Python calls them; several benchmarks share them, and a lock folder keeps these apart. */
export async function installPeer(packages = ['torch', 'torchvision'], modules = packages) {
  for (let waited = 0; ; waited++) {
    if (!existsSync(lock) && imports(modules)) return;
    try {
      mkdirSync(lock);
      break;
    } catch (cause) {
      if (cause.code !== 'EEXIST') throw cause;
      const held = existsSync(lock) ? Date.now() - statSync(lock).mtimeMs : 0;
      if (held > 3_600_000) throw new Error(`${lock} is older than an hour: remove it if nothing is being installed`);
      if (waited === 0) console.error(`waiting for another installation of the peer (${lock})`);
      await new Promise((resolve) => setTimeout(resolve, 5000));
    }
  }
  try {
    console.error(`installing ${packages.join(' and ')} into ${folder}`);
    const command = process.platform === 'win32' ? 'python' : 'python3';
    execFileSync(command, ['-m', 'venv', folder], { stdio: ['ignore', 2, 2] });
    execFileSync(interpreter, ['-m', 'pip', 'install', '--quiet', ...packages], { stdio: ['ignore', 2, 2] });
  } finally {
    rmdirSync(lock);
  }
  if (!imports(modules)) throw new Error(`${packages.join(' and ')} were installed but cannot be imported`);
}

/** A process that answers each line of JSON with one; `hello` is what it says first. */
export async function startProcess(command, args) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${args[0]} ended early; its reason is above`);
    return JSON.parse(value);
  };
  return {
    hello: await answer(),
    ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return answer();
    },
    stop: () => child.stdin.end(),
  };
}

/** A process of the peer, see {@link startProcess}. */
export const startPeer = (args) => startProcess(interpreter, args);
